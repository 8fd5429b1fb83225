"""The pass recover: a trainer that distils, with the pruned model as student and the uncompressed one as teacher."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
import torch

from tests.model_folders import run_trainer
from workbench.errors import WorkbenchError
from workbench.host import build_host
from workbench.io.digests import digest_folder
from workbench.nouns.model import Model
from workbench.options import option_fields, parse_options


class KilledError(Exception):
    """Stands for a kill."""


@pytest.fixture(scope="module")
def trained(host, small_dataset, tiny_encoder, tmp_path_factory):
    """A fine-tuned model; not to be changed."""
    from workbench.context import Context

    root = tmp_path_factory.mktemp("trained")
    context = Context(host=host, seed=5, work=root)
    options = {"encoder": str(tiny_encoder), "epochs": 4, "batch_size": 8, "encoder_lr": 1e-3}
    return run_trainer(context, "finetune", small_dataset, root / "model", **options)


@pytest.fixture
def step(host, context, tmp_path, small_dataset, trained):
    """`step(model, pass, **options)` → what the pass made, with the trained model as baseline."""
    numbers = iter(range(100))

    def run(model, name, *, dataset=small_dataset, baseline=trained, around=context, **options) -> Model:
        component = around.host.registry("passes")[name]
        around = dataclasses.replace(around, dataset=dataset, baseline=baseline)
        return component(
            model, tmp_path / f"made-{next(numbers)}", parse_options(component.options, options, "compress"), around
        )

    return run


def test_a_cut_model_stays_cut(trained, step, small_dataset):
    cut = step(step(step(trained, "trim-vocab"), "drop-layers", layers=1), "prune-ffn", width=32)
    made = step(cut, "recover", epochs=1)
    config = json.loads((made.path / "config.json").read_text())
    assert (config["num_hidden_layers"], config["intermediate_size"]) == (1, 32)
    assert config["vocab_size"] == cut.history[1]["tokens"]
    assert [entry["step"] for entry in made.history] == ["finetune", "trim-vocab", "drop-layers", "prune-ffn", "distil"]
    texts = [row.text for row in small_dataset]
    assert made.encode(texts) == cut.encode(texts)


def test_its_answers_come_nearer_to_the_whole_ones(host, trained, step, small_dataset, tiny_encoder, context, tmp_path):
    """By answers alone, from a model that knows only names; without dev, by whose labels the best would be chosen."""
    train = small_dataset.with_rows(small_dataset.split("train"))
    ignorant = run_trainer(context, "names", small_dataset, tmp_path / "ignorant", encoder=str(tiny_encoder))
    made = step(
        ignorant,
        "recover",
        dataset=train,
        epochs=20,
        batch_size=8,
        encoder_lr=3e-3,
        head_lr=1e-2,
        averaging=0.9,
        hard_share=0.0,
        hidden_weight=0.0,
    )
    texts = [row.text for row in small_dataset.split("test")]
    first, last, wanted = (
        torch.softmax(torch.from_numpy(host.open_predictor(model).logits(texts)) / 2, 1)
        for model in (ignorant, made, trained)
    )
    assert abs(last - wanted).mean() < 0.5 * abs(first - wanted).mean()


def test_it_learns_without_dropout_unless_asked_to(trained, step, small_dataset):
    """Without dev, whose best weights might be those of the start."""
    cut, train = step(trained, "prune-ffn", width=32), small_dataset.with_rows(small_dataset.split("train"))
    usual, off, on = (
        (step(cut, "recover", dataset=train, epochs=1, **options).path / "model.safetensors").read_bytes()
        for options in ({}, {"dropout": False}, {"dropout": True})
    )
    assert usual == off != on


def test_pruning_after_recovery_works(trained, step):
    made = step(step(step(trained, "prune-heads", heads=1), "recover", epochs=1), "prune-ffn", width=32)
    assert json.loads((made.path / "config.json").read_text())["pruned_heads"].keys() == {"0", "1"}


def test_its_options_are_the_trainers(host):
    """A name that both have means the same: types and limits are equal."""
    mine, theirs = (
        {field.name: field for field in option_fields(host.registry(hook)[name].options)}
        for hook, name in (("passes", "recover"), ("trainers", "distil"))
    )
    del mine["teacher"]
    assert mine.keys() <= theirs.keys()
    for name, field in mine.items():
        assert (field.type, field.ge, field.le, field.kind) == (
            theirs[name].type,
            theirs[name].ge,
            theirs[name].le,
            theirs[name].kind,
        )


def test_without_the_uncompressed_model_it_is_refused(trained, step):
    with pytest.raises(WorkbenchError, match="needs the uncompressed model as teacher, and none is at hand"):
        step(trained, "recover", baseline=None)


def test_a_model_is_not_its_own_teacher(trained, step):
    """As it would be if recovery came first."""
    for options in ({}, {"baseline": None, "teacher": str(trained.path / "." / "")}):
        with pytest.raises(WorkbenchError, match=r"it is the model that is to learn.*Put a pass that prunes before it"):
            step(trained, "recover", **options)


def test_a_teacher_can_be_named(trained, step):
    """Which matters where the model comes pruned already."""
    cut = step(trained, "prune-ffn", width=32)
    made = step(cut, "recover", baseline=cut, teacher=str(trained.path), epochs=1)
    assert made.history[-1]["teachers_sha256"] == [digest_folder(trained.path)]
    assert made.history[-1]["student_sha256"] == digest_folder(cut.path)


def test_hidden_states_are_learned_of_a_teacher_that_has_them(host, trained, step, context, tmp_path):
    """A graph has none."""
    cut, onnx = step(trained, "prune-ffn", width=32), host.registry("passes")["onnx"]
    graph = onnx(trained, tmp_path / "graph", onnx.options(), context)
    weights = [
        step(cut, "recover", epochs=1, teacher=str(path)).history[-1]["options"]["hidden_weight"]
        for path in (trained.path, graph.path)
    ]
    assert weights == [5.0, 0.0]


def test_a_recovery_that_is_killed_goes_on_where_it_was(trained, step, context):
    cut = step(trained, "prune-ffn", width=32)
    options = {"epochs": 4, "batch_size": 8, "patience": None}  # 20 steps
    whole = digest_folder(step(cut, "recover", **options).path)
    shutil.rmtree(context.work)
    context.work.mkdir()
    steps = []

    def killing(metrics, step):
        if step == 10:
            raise KilledError

    with pytest.raises(KilledError):
        step(cut, "recover", around=dataclasses.replace(context, log=killing), **options)
    around = dataclasses.replace(context, log=lambda metrics, step: steps.append(step))
    assert digest_folder(step(cut, "recover", around=around, **options).path) == whole
    assert min(steps) > 5


def test_without_the_trainer_it_is_refused(trained, step, context, tmp_path):
    alone = dataclasses.replace(context, host=build_host(["workbench_prune"]))
    with pytest.raises(WorkbenchError, match="no plugin registers a trainer with distils = true"):
        step(trained, "recover", around=alone, teacher=str(tmp_path / "any"))
