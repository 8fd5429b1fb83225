"""The passes drop-layers, prune-ffn and prune-heads: what goes, what stays, and who opens what they leave."""

from __future__ import annotations

import dataclasses
import logging
import shutil

import numpy as np
import pytest
from transformers import AutoModel

from tests.model_folders import spoil
from workbench.context import Context
from workbench.errors import UsageProblem, WorkbenchError
from workbench.io.digests import digest_folder
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.options import parse_options
from workbench.testing.models import FAMILIES as OTHERS
from workbench.testing.models import INTENTS, TEXTS, write_model

FAMILIES = (*OTHERS, "xlm-roberta")
PASSES = {"drop-layers": {"layers": 1}, "prune-ffn": {"width": 32}, "prune-heads": {"heads": 1}}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A model of each family, of two layers, two heads and 64 neurons; not to be changed."""
    root = tmp_path_factory.mktemp("models")
    return {family: write_model(root / family, family) for family in FAMILIES}


@pytest.fixture
def prune(host, context, tmp_path, small_dataset):
    """`prune(model, pass, **options)` → the pruned model."""
    numbers = iter(range(1000))

    def run(model, name, *, dataset=small_dataset, out=None, **options) -> Model:
        component = host.registry("passes")[name]
        folder = tmp_path / (out or f"pruned-{next(numbers)}")
        around = dataclasses.replace(context, dataset=dataset, baseline=model)
        return component(model, folder, parse_options(component.options, options, "compress"), around)

    return run


def exported(model, host, work):
    """The model after the passes `onnx` and `int8`."""
    context = Context(host=host, seed=13, work=work)
    for name in ("onnx", "int8"):
        component = host.registry("passes")[name]
        model = component(model, work / f"{model.path.name}-{name}", component.options(), context)
    return model


def sizes(model):
    """Layers, neurons and heads of each layer, by the shapes of the weights."""
    weights = AutoModel.from_pretrained(model.path).state_dict()
    rise = [t.shape[0] for n, t in weights.items() if n.endswith(("intermediate.dense.weight", "ffn.lin1.weight"))]
    heads = [t.shape[0] // 16 for n, t in weights.items() if n.endswith(("self.query.weight", "q_lin.weight"))]
    return len(rise), rise, heads


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("drop-layers", (1, [64], [2])),
        ("prune-ffn", (2, [32, 32], [2, 2])),
        ("prune-heads", (2, [64, 64], [1, 1])),
    ],
)
def test_every_door_opens_what_a_pass_leaves(host, context, models, prune, family, name, expected):
    made = Model.load(prune(models[family], name, **PASSES[name]).path)
    assert sizes(made) == expected
    logits = host.open_predictor(made).logits(TEXTS)
    assert abs(logits - host.open_predictor(models[family]).logits(TEXTS)).max() > 1e-3
    graph = exported(made, host, context.work)
    assert abs(host.open_predictor(graph).logits(TEXTS) - logits).max() < 0.15 * np.ptp(logits)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "order", [("drop-layers", "prune-heads", "prune-ffn"), ("prune-heads", "prune-ffn", "drop-layers")]
)
def test_passes_follow_each_other_in_any_order(host, context, models, prune, family, order):
    made = models[family]
    for name in order:
        made = prune(made, name, **PASSES[name])
    assert sizes(made) == (1, [32], [1])
    assert [step["step"] for step in made.history] == list(order)
    exported(made, host, context.work)


def test_the_layer_that_stays_keeps_its_own_heads(host, models, prune):
    """`pruned_heads` counts layers, so it has to follow when layers go."""
    halved = prune(models["bert"], "prune-heads", heads=1)
    encoder = AutoModel.from_pretrained(halved.path)
    gone = encoder.config.pruned_heads
    made = prune(halved, "drop-layers", keep="1")
    kept = AutoModel.from_pretrained(made.path)
    assert kept.config.pruned_heads == {0: gone[1]}
    mine, theirs = (one.encoder.layer[n].state_dict() for one, n in ((kept, 0), (encoder, 1)))
    assert all(mine[name].equal(theirs[name]) for name in theirs)


def test_the_width_falls_again_and_again(tmp_path, prune):
    wide = write_model(tmp_path / "wide", "bert")
    first = prune(wide, "prune-ffn", width=64)
    second = prune(first, "prune-ffn", share=0.5)
    assert sizes(second)[1] == [32, 32]
    assert [step["before"] for step in second.history] == [64, 64]


def test_heads_fall_again_and_again(tmp_path, prune, small_dataset):
    """Four heads become three, then one: the second time transformers counts as if all four were there."""
    four = spoil(write_model(tmp_path / "two", "bert").path, tmp_path / "four", num_attention_heads=4)
    made = prune(prune(Model.load(four), "prune-heads", heads=3), "prune-heads", heads=1)
    encoder = AutoModel.from_pretrained(made.path)
    assert [len(heads) for heads in encoder.config.pruned_heads.values()] == [3, 3]
    assert {layer.attention.self.num_attention_heads for layer in encoder.encoder.layer} == {1}


def silent_parts(tensors, name, parts):
    """Weights whose last parts of a projection's columns say nothing."""
    changed = dict(tensors)
    for key, tensor in tensors.items():
        if key.endswith(name):
            changed[key] = tensor.copy()
            changed[key][:, parts:] = 0
    return changed


@pytest.mark.parametrize(("correct", "measure"), [(True, "output"), (True, "fisher"), (False, "fisher")])
@pytest.mark.parametrize(
    ("name", "weight", "columns"),
    [("prune-ffn", "0.output.dense.weight", 32), ("prune-heads", "attention.output.dense.weight", 16)],
)
def test_what_says_nothing_goes_first(host, tmp_path, models, prune, name, weight, columns, correct, measure):
    """Without the half that nothing depends on, every answer is what it was."""
    names = ("encoder.layer.0.output.dense.weight", "encoder.layer.1.output.dense.weight") if columns == 32 else weight
    folder = spoil(models["bert"].path, tmp_path / "half", lambda tensors: silent_parts(tensors, names, columns))
    half = Model.load(folder)
    made = prune(half, name, correct=correct, measure=measure, **PASSES[name])
    assert made.history[-1].get("fisher_kept") == ([1.0, 1.0] if measure == "fisher" else None)
    both = [host.open_predictor(model).logits(TEXTS) for model in (half, made)]
    assert abs(both[0] - both[1]).max() < 1e-4


@pytest.mark.parametrize("name", ["prune-ffn", "prune-heads"])
def test_the_correction_brings_the_answers_nearer(host, models, prune, small_dataset, name):
    texts = sorted({row.text for row in small_dataset.split("train")})
    whole = host.open_predictor(models["bert"]).embed(texts)
    near, far = (
        abs(
            host.open_predictor(prune(models["bert"], name, correct=correct, **PASSES[name])).embed(texts) - whole
        ).mean()
        for correct in (True, False)
    )
    assert near < 0.8 * far


def test_the_layer_that_does_nothing_goes_first(host, tmp_path, models, prune, small_dataset):
    """Its parts add nothing and its normalisations change nothing; the labels are the model's own answers."""

    def idle(tensors):
        changed = dict(tensors)
        for name, tensor in tensors.items():
            if name.startswith(("encoder.layer.0.", "embeddings.")) and "LayerNorm" in name:
                changed[name] = np.full_like(tensor, name.endswith("weight"))
            elif name.startswith("encoder.layer.0.") and "output.dense" in name:
                changed[name] = np.zeros_like(tensor)
        return changed

    model = Model.load(spoil(models["bert"].path, tmp_path / "idle", idle))
    free = small_dataset.with_rows(dataclasses.replace(row, intents=None) for row in small_dataset)
    made = prune(model, "drop-layers", dataset=free)
    step = made.history[-1]
    assert (step["kept"], step["before"]) == ([1], 2)
    assert step["losses"][0] == pytest.approx(step["losses"][1], abs=1e-3)
    answers = [host.open_predictor(each).logits(TEXTS) for each in (model, made)]
    assert abs(answers[0] - answers[1]).max() < 1e-4


@pytest.mark.parametrize(
    ("options", "kept"), [({"keep": "0, 1"}, [0, 1]), ({"keep": "1"}, [1]), ({"layers": 1, "choose": "evenly"}, [0])]
)
def test_layers_can_be_named_or_spaced_without_data(models, prune, options, kept):
    assert prune(models["bert"], "drop-layers", dataset=None, **options).history[-1]["kept"] == kept


@pytest.mark.parametrize("name", PASSES)
def test_the_same_model_gives_the_same_bytes_anywhere(models, prune, tmp_path, name):
    moved = dataclasses.replace(models["bert"], path=shutil.copytree(models["bert"].path, tmp_path / "moved"))
    one, two = (prune(model, name, **PASSES[name]) for model in (models["bert"], moved))
    assert digest_folder(one.path) == digest_folder(two.path)


def test_one_line_says_what_was_done(models, prune, caplog):
    with caplog.at_level(logging.INFO, "workbench_prune"):
        for name in PASSES:
            prune(models["bert"], name, **PASSES[name])
    said = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert [line.split(" ", 4)[:4] for line in said] == [
        ["layers", "1", "of", "2"] if said[0].startswith("layers 1") else ["layers", "0", "of", "2"],
        ["32", "of", "64", "neurons"],
        ["1", "of", "2", "heads"],
    ]
    assert "are few to measure on" in caplog.text


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("drop-layers", {"keep": "0,2"}, "names 2, which is no layer.*from 0 to 1"),
        ("drop-layers", {"keep": "-1"}, "names -1, which is no layer"),
        ("drop-layers", {"keep": " , "}, "names no layer"),
        ("drop-layers", {"layers": 3}, "is 3, and there are 2 layers"),
        ("drop-layers", {"layers": 0}, "is 0.*at least 1"),
        ("prune-ffn", {"width": 96}, "is 96, and a layer has 64 neurons. Give at most 64"),
        ("prune-ffn", {"width": 50}, "is 50, no multiple of 32. Give 32 or 64"),
        ("prune-ffn", {"width": 0}, "is 0.*at least 1"),
        ("prune-heads", {"heads": 3}, "is 3, and a layer has 2 heads"),
        ("prune-heads", {"heads": 0}, "is 0.*at least 1"),
    ],
)
def test_an_impossible_wish_is_refused(models, prune, name, options, said):
    with pytest.raises(UsageProblem, match=said):
        prune(models["bert"], name, **options)


@pytest.mark.parametrize("name", [*PASSES, "trim-vocab", "recover"])
def test_an_onnx_model_is_refused(host, context, models, prune, name):
    graph = exported(models["bert"], host, context.work)
    with pytest.raises(WorkbenchError, match=f"has the format 'onnx', the pass {name} needs torch. Put it before"):
        prune(graph, name)


@pytest.mark.parametrize("name", [*PASSES, "trim-vocab", "recover"])
def test_no_dataset_no_measure(models, prune, name):
    with pytest.raises(WorkbenchError, match=f"{name} needs real rows, and no dataset is at hand. Give .*--data"):
        prune(models["bert"], name, dataset=None)


@pytest.mark.parametrize("name", [*PASSES, "trim-vocab", "recover"])
def test_a_dataset_of_other_intents_is_refused(models, prune, small_dataset, name):
    other = Dataset("intent", small_dataset.intents[:2], small_dataset.utterances)
    with pytest.raises(WorkbenchError, match="has 3 intents, the dataset 2 others"):
        prune(models["bert"], name, dataset=other)


@pytest.mark.parametrize("name", PASSES)
def test_a_dataset_without_rows_is_refused(models, prune, name):
    with pytest.raises(WorkbenchError, match=r"needs rows of .*train, and the dataset has none"):
        prune(models["bert"], name, dataset=Dataset("intent", INTENTS, ()))


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("measure", ["output", "fisher"])
def test_rows_without_labels_do_and_where_labels_matter_it_says_so(models, prune, small_dataset, caplog, name, measure):
    free = small_dataset.with_rows(dataclasses.replace(row, intents=None) for row in small_dataset)
    chosen = {} if name == "drop-layers" else {"measure": measure}
    prune(models["bert"], name, dataset=free, **PASSES[name], **chosen)
    matters = name == "drop-layers" or measure == "fisher"
    assert ("the model's own answers count, which is weaker" in caplog.text) is matters


@pytest.mark.parametrize(("measure", "rows"), [("output", 36), ("fisher", 12)])
def test_rows_without_labels_stand_beside_labelled_ones_where_labels_do_not_matter(
    models, prune, small_dataset, measure, rows
):
    mixed = small_dataset.with_rows(
        row if number % 3 == 0 else dataclasses.replace(row, intents=None) for number, row in enumerate(small_dataset)
    )
    assert prune(models["bert"], "prune-ffn", dataset=mixed, width=32, measure=measure).history[-1]["rows"] == rows


@pytest.mark.parametrize("name", PASSES)
def test_an_unknown_architecture_is_refused(tmp_path, prune, name):
    with pytest.raises(WorkbenchError, match=r"is a 'albert' encoder, which the pass .* does not know\. It knows bert"):
        prune(write_model(tmp_path / "albert", "albert"), name, **PASSES[name])


def test_a_model_without_a_head_is_refused(tmp_path, prune):
    with pytest.raises(WorkbenchError, match=r"has no head\. Train it first"):
        prune(write_model(tmp_path / "bare", head=False), "prune-ffn")
