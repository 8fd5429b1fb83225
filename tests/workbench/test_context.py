"""The resumable cache of a stage: a result is made once for each key, and is whole or not there."""

from __future__ import annotations

import pytest

from workbench.api import build_host
from workbench.engine.progress import SilentProgress
from workbench.engine.runner import Engine
from workbench.engine.stage import Stage
from workbench.engine.store import open_store


class Maker:
    """Makes a folder with a part of the name of its key, and counts how often."""

    def __init__(self):
        self.made = []

    def give(self, context, key):
        def make(folder):
            self.made.append(key)
            (folder / "part").write_text(key)

        return (context.cache("logits", {"teacher": key}, make) / "part").read_text()


def test_a_result_is_made_once_for_each_key(context):
    maker = Maker()
    assert [maker.give(context, key) for key in "abab"] == list("abab")
    assert maker.made == ["a", "b"]


def test_names_are_apart(context):
    one, other = (context.cache(name, {}, lambda folder: None) for name in ("one", "other"))
    assert one != other
    assert {one.name.partition("-")[0], other.name.partition("-")[0]} == {"one", "other"}


def test_a_result_that_fails_is_made_again(context):
    def fail(folder):
        (folder / "part").write_text("half")
        raise ValueError("no luck")

    with pytest.raises(ValueError, match="no luck"):
        context.cache("logits", {"teacher": "a"}, fail)
    assert not list(context.work.iterdir())
    assert Maker().give(context, "a") == "a"


def test_a_stage_that_was_stopped_finds_what_it_had_made_and_nothing_half(tmp_path):
    maker, stops = Maker(), [KeyboardInterrupt(), None]

    def work(inputs, out, context):
        assert not list(context.work.rglob(".*.partial"))
        maker.give(context, "a")
        (context.work / "deep/.logits-0.partial").mkdir(parents=True)  # what a kill leaves
        if stop := stops.pop(0):
            raise stop
        maker.give(context, "b")
        out.mkdir()
        return {}

    store = open_store(tmp_path / "run")
    engine = Engine(build_host([]), store, 13, SilentProgress(), {})
    with pytest.raises(KeyboardInterrupt):
        engine.run([Stage("own", "train", work)])
    engine.run([Stage("own", "train", work)])
    assert maker.made == ["a", "b"]
    assert not store.scratch.exists()
