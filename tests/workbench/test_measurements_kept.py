"""Measurements stands beside a stage's output, undigested; what an offer calls is part of a stage's key."""

from __future__ import annotations

from click.testing import CliRunner

from workbench.api import build_host, hookimpl
from workbench.cli.root import build_cli
from workbench.components import Cleaner, Pass, Runtime, Trainer
from workbench.context import silent
from workbench.engine.runner import Engine
from workbench.engine.sections import ComponentConfig
from workbench.engine.stage import Stage
from workbench.engine.store import open_store
from workbench.nouns.dataset import Dataset
from workbench.options import NoOptions


class Quiet:
    def started(self, stage):
        return silent

    def finished(self, record):
        pass


class Clock:
    """A stage whose output is always the same, and whose measured time never is."""

    def __init__(self):
        self.ticks = 0

    def work(self, inputs, out, context):
        self.ticks += 1
        out.mkdir()
        (out / "value").write_text("42")
        context.measurements.mkdir()
        (context.measurements / "time").write_text(str(self.ticks))
        return {}

    def run(self, path, **how):
        stage = Stage("measured", "compress", self.work)
        return Engine(build_host([]), open_store(path), 13, Quiet(), {}).run([stage], **how).stages[0]


def test_it_is_kept_and_not_digested(tmp_path):
    clock = Clock()
    one, other = clock.run(tmp_path / "one"), clock.run(tmp_path / "other")
    assert one.digest == other.digest
    assert [(record.measurements / "time").read_text() for record in (one, other)] == ["1", "2"]
    assert not (one.path / "measurements").exists()
    cached = clock.run(tmp_path / "one")
    assert (cached.status, clock.ticks, (cached.measurements / "time").read_text()) == ("cached", 2, "1")


def test_that_of_a_forced_stage_is_the_newer_one_though_the_output_is_the_same(tmp_path):
    clock = Clock()
    first, forced = clock.run(tmp_path), clock.run(tmp_path, force=True)
    assert first.digest == forced.digest
    assert forced.status == "finished"
    for record in (forced, clock.run(tmp_path)):
        assert (clock.ticks, (record.measurements / "time").read_text()) == (2, "2")


def test_a_verb_leaves_it_beside_its_output(small_dataset, tmp_path):
    def clean(dataset, out, options, context) -> Dataset:
        context.measurements.mkdir()
        (context.measurements / "time").write_text("now")
        if len(dataset) < 3:
            raise OSError(5, "broken", "disk")
        return dataset

    class Plugin:
        @hookimpl
        def cleaners(self):
            return {"timed": Cleaner(run=clean, summary="")}

    host = build_host([])
    host.register(Plugin(), "plugin")
    small_dataset.save(tmp_path / "data")
    run = lambda *words: CliRunner().invoke(build_cli(host), list(map(str, words)))  # noqa: E731
    words = ("clean", tmp_path / "data", "--use", "timed", "-o", tmp_path / "made")
    assert run(*words).exit_code == 0
    assert (tmp_path / "made.measurements" / "time").read_text() == "now"
    (tmp_path / "made").rename(tmp_path / "elsewhere")
    again = run(*words)
    assert "made.measurements: exists already and is not overwritten" in again.output
    small_dataset.with_rows(small_dataset.utterances[:2]).save(tmp_path / "few")
    assert run("clean", tmp_path / "few", "--use", "timed", "-o", tmp_path / "failed").exit_code == 1
    assert {path.name for path in tmp_path.iterdir()} == {"data", "few", "elsewhere", "made.measurements"}


def test_the_libraries_behind_what_an_offer_calls_are_in_the_key(monkeypatch):
    """An export that a search calls may answer differently with another release of the exporter."""
    trained = Trainer(run=lambda *_: None, summary="", libraries=("exporter",))
    chooses = Pass(run=lambda *_: None, summary="", calls=("trainers", "runtimes"))

    class Both:
        @hookimpl
        def trainers(self):
            return {"trained": trained}

        @hookimpl
        def passes(self):
            return {"chooses": chooses}

        @hookimpl
        def runtimes(self):
            return {"own": Runtime(run=lambda *_: None, summary="", libraries=("onnxruntime",))}

    host = build_host([])
    host.register(Both(), "both")
    chosen = Stage("s", "compress", lambda *_: {}, steps=(ComponentConfig("passes", "chooses", chooses, NoOptions()),))

    def key(**versions):
        monkeypatch.setattr("workbench.engine.stage.version", versions.get)
        return chosen.key(host, 13, {})

    assert key(exporter="1") == key(exporter="1", other="1")
    assert len({key(exporter="1"), key(exporter="2"), key(exporter="1", onnxruntime="1")}) == 3


def test_the_plugins_behind_what_an_offer_calls_are_in_the_key():
    def key(*versions, calls):
        class Other:
            @hookimpl
            def trainers(self):
                return {}

        host = build_host([])
        for number, version in enumerate(versions):
            host.register(Other(), f"other-{number}", version)
        component = Pass(run=lambda *_: None, summary="", calls=calls)

        class Own:
            @hookimpl
            def passes(self):
                return {"chooses": component}

        host.register(Own(), "own")
        return Stage(
            "s", "compress", lambda *_: {}, steps=(ComponentConfig("passes", "chooses", component, NoOptions()),)
        ).key(host, 13, {})

    assert key("1", calls=("trainers",)) == key("1", calls=("trainers",))
    assert key("1", calls=("trainers",)) != key("2", calls=("trainers",))
    assert key("1", calls=("trainers",)) != key("1", "1", calls=("trainers",))
    assert key("1", calls=()) == key("2", calls=())
