"""Rows of a dataset are normalized by name, and a pass sees them as the model reads them."""

from __future__ import annotations

import dataclasses

import pytest

from tests.bundles import INTENTS, write_bundle
from workbench.api import Augmenter, Cleaner, NoOptions, Normalization, Pass, hookimpl
from workbench.api.text import as_model_reads, normalize_rows
from workbench.cli.root import build_cli
from workbench.engine.sections import ComponentConfig
from workbench.errors import WorkbenchError
from workbench.host import build_host
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.utterance import Utterance
from workbench.stages.preparation import augment_stage

TEXTS = ("  <b>Refund</b> 1234", "where is it")


class Masks:
    """A plugin with a normalization, its cleaner, and a pass that keeps what it sees."""

    def __init__(self):
        self.seen = []

    @hookimpl
    def normalizations(self):
        return {
            "mask-1": Normalization(run=lambda text: text.replace("1234", "N"), summary=""),
            "lower-1": Normalization(run=str.lower, summary=""),
        }

    @hookimpl
    def cleaners(self):
        def run(dataset, out, options, context):
            return normalize_rows(dataset, "mask-1", "mask", context.host)

        return {"mask": Cleaner(run=run, summary="", calls=("normalizations",))}

    @hookimpl
    def passes(self):
        def run(model, out, options, context):
            self.seen += [row.text for row in context.dataset]
            out.mkdir()
            for name in ("model.onnx", "tokenizer.json"):
                (out / name).write_bytes((model.path / name).read_bytes())
            return dataclasses.replace(model, path=out).save()

        return {"spy": Pass(run=run, summary="")}


@pytest.fixture
def masks():
    return Masks()


@pytest.fixture
def host(masks):
    host = build_host()
    host.register(masks, "masks")
    return host


@pytest.fixture
def dataset():
    rows = (Utterance(str(n), text, text, (INTENTS[n],), split="train") for n, text in enumerate(TEXTS))
    return Dataset("intent", INTENTS, tuple(rows))


def texts(dataset):
    return [row.text for row in dataset]


def test_normalizations_follow_one_another_and_are_remembered_in_their_order(host, dataset):
    once = normalize_rows(dataset, "repair-1", "repair", host)
    assert (texts(once), once.normalization) == (["Refund 1234", TEXTS[1]], ("repair-1",))
    twice = normalize_rows(once, "mask-1", "mask", host)
    assert (texts(twice), twice.normalization) == (["Refund N", TEXTS[1]], ("repair-1", "mask-1"))
    assert twice.counts == {"repair": {"changed": 1}, "mask": {"changed": 1}}
    assert [row.raw for row in twice] == list(TEXTS)
    assert normalize_rows(twice, "mask-1", "mask", host).normalization == ("repair-1", "mask-1")


def test_a_chain_that_changes_its_own_result_is_refused(host, dataset, tmp_path):
    lowered = normalize_rows(dataset, "lower-1", "lower", host)
    with pytest.raises(
        WorkbenchError, match=r"^0: the normalizations lower-1, mask-1 .* N'.*order of the cleaners"
    ) as refused:
        normalize_rows(lowered, "mask-1", "mask", host)
    assert "refund</b> n" in str(refused.value)
    masked = normalize_rows(dataset, "mask-1", "mask", host)
    assert normalize_rows(masked, "lower-1", "lower", host).normalization == ("mask-1", "lower-1")
    model = Model(tmp_path, "onnx", "intent", INTENTS, 8, normalization=("lower-1", "mask-1"))
    with pytest.raises(WorkbenchError, match="lower-1, mask-1"):
        as_model_reads(dataset, model, host)


def test_a_made_up_row_that_the_chain_changes_twice_is_refused(host, dataset, context, tmp_path):
    class Adds:
        @hookimpl
        def augmenters(self):
            return {"add": Augmenter(run=lambda rows, *_: [(row.id, "a 1234") for row in rows], summary="")}

    host.register(Adds(), "adds")
    dataclasses.replace(dataset, normalization=("lower-1", "mask-1")).save(tmp_path / "data")
    step = ComponentConfig("augmenters", "add", host.registry("augmenters")["add"], NoOptions())
    stage = augment_stage((step,), "import")
    with pytest.raises(WorkbenchError, match="0~add1: the normalizations lower-1, mask-1"):
        stage.work({"import": tmp_path / "data"}, tmp_path / "out", dataclasses.replace(context, host=host))


def test_a_dataset_remembers_its_normalizations_on_disk(host, dataset, tmp_path):
    made = normalize_rows(dataset, "repair-1", "repair", host)
    made.save(tmp_path / "data")
    assert Dataset.load(tmp_path / "data") == made


def test_rows_are_read_as_the_model_reads_them(host, dataset, tmp_path):
    model = Model(tmp_path, "onnx", "intent", INTENTS, 8, normalization=("repair-1", "mask-1"))
    made = as_model_reads(dataset, model, host)
    assert (texts(made), made.normalization) == (["Refund N", TEXTS[1]], model.normalization)
    assert as_model_reads(made, model, host) is made


def test_an_unknown_normalization_names_the_model(host, dataset, tmp_path):
    model = Model(tmp_path / "mine", "onnx", "intent", INTENTS, 8, normalization=("mask-2",))
    with pytest.raises(WorkbenchError, match=r"mine: unknown text normalization 'mask-2'.*Did you mean 'mask-1'"):
        as_model_reads(dataset, model, host)


def test_a_pass_sees_the_rows_as_the_model_reads_them(host, masks, dataset, tmp_path):
    from click.testing import CliRunner

    dataset.save(tmp_path / "data")
    bundle = write_bundle(tmp_path / "bundle")
    (tmp_path / "model").mkdir()
    for name in bundle.files:
        (tmp_path / "model" / name).write_bytes((bundle.path / name).read_bytes())
    dataclasses.replace(bundle.model, path=tmp_path / "model").save()
    words = ["compress", tmp_path / "model", "--use", "spy", "--data", tmp_path / "data", "-o", tmp_path / "out"]
    done = CliRunner().invoke(build_cli(host), list(map(str, words)))
    assert done.exit_code == 0, done.output
    assert masks.seen == ["Refund 1234", TEXTS[1]]
