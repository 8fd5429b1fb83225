"""The passes as their user types them, and as a recipe asks for them."""

from __future__ import annotations

import json

import pytest
from transformers import AutoModel

from tests.model_folders import run_trainer
from workbench.context import Context
from workbench.engine.run import Run
from workbench.nouns.bundle import Bundle
from workbench.nouns.model import Model
from workbench.serving.open import open_any

CUTS = "trim-vocab,drop-layers,prune-heads,prune-ffn"
SIZES = ["--drop-layers.keep", "1", "--prune-heads.heads", "1", "--prune-ffn.width", "32"]
RECIPE = """
[[import]]
reader = "jsonl"
source = "rows.jsonl"
split_key = "split"

[train]
use = "probe"
encoder = "{encoder}"

[[compress]]
use = "drop-layers"
keep = "0"

[[compress]]
use = "prune-ffn"
share = 0.5

[[compress]]
use = "recover"
epochs = 1
batch_size = 8

[[compress]]
use = "onnx"
"""


@pytest.fixture(scope="module")
def places(host, small_dataset, tiny_encoder, tmp_path_factory):
    """`data` and a fine-tuned `model`; not to be changed."""
    root = tmp_path_factory.mktemp("cli")
    small_dataset.save(root / "data")
    (root / "work").mkdir()
    options = {"encoder": str(tiny_encoder), "epochs": 2, "batch_size": 8}
    run_trainer(Context(host, 5, root / "work"), "finetune", small_dataset, root / "model", **options)
    return {"data": root / "data", "model": root / "model"}


def told(done):
    """What the user reads of an error."""
    return done.output if isinstance(done.exception, SystemExit) else str(done.exception)


def test_all_passes_and_recovery_in_one_line(workbench_cli, places, tmp_path):
    words = ["--use", f"{CUTS},recover", *SIZES, "--recover.epochs", "1", "--recover.batch-size", "8"]
    done = workbench_cli("compress", places["model"], *words, "--data", places["data"], "-o", tmp_path / "small")
    assert done.exit_code == 0, done.output
    made = Model.load(tmp_path / "small")
    config = AutoModel.from_pretrained(made.path).config
    assert (config.num_hidden_layers, config.intermediate_size, config.pruned_heads.keys()) == (1, 32, {0})
    assert [step["step"] for step in made.history][1:] == [*CUTS.split(","), "distil"]
    assert made.history[-1]["teachers_sha256"]
    again = workbench_cli("evaluate", made.path, places["data"], "--splits", "dev", "--json")
    assert 0 <= json.loads(again.stdout)[0]["metrics"]["accuracy"] <= 1


def test_then_an_export_makes_a_bundle(workbench_cli, places, host, tmp_path):
    words = ["--use", f"{CUTS},onnx,int8", *SIZES, "--data", places["data"], "-o", tmp_path / "bundle"]
    done = workbench_cli("compress", places["model"], *words)
    assert done.exit_code == 0, done.output
    history = Bundle.load(tmp_path / "bundle").model.history
    assert [step["step"] for step in history] == ["finetune", *CUTS.split(","), "onnx", "int8"]
    assert open_any(tmp_path / "bundle", host).logits(["where is parcel 7", "привет", ""]).shape == (3, 3)


def test_a_recipe_recovers_from_the_model_that_it_trained(workbench_cli, places, tiny_encoder, tmp_path):
    rows = [json.loads(line) for line in (places["data"] / "utterances.jsonl").read_text().splitlines()]
    lines = [json.dumps({"text": row["text"], "intent": row["intents"][0], "split": row["split"]}) for row in rows]
    (tmp_path / "rows.jsonl").write_text("\n".join(dict.fromkeys(lines)))
    (tmp_path / "recipe.toml").write_text(RECIPE.format(encoder=tiny_encoder))
    done = workbench_cli("run", tmp_path / "recipe.toml", "-o", tmp_path / "run")
    assert done.exit_code == 0, done.output
    stages = {stage.name: stage.path for stage in Run.load(tmp_path / "run").stages}
    before, after = (Model.load(stages[name]) for name in ("compress-2-prune-ffn", "compress-3-recover"))
    assert after.history[:-1] == before.history
    assert AutoModel.from_pretrained(after.path).config.num_hidden_layers == 1
    assert workbench_cli("run", tmp_path / "recipe.toml", "-o", tmp_path / "run").exit_code == 0
    assert {stage.status for stage in Run.load(tmp_path / "run").stages} == {"cached"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--use", "prune-ffn"], "needs real rows, and no dataset is at hand"),
        (["--use", "recover", "--data", "DATA"], "it is the model that is to learn from it"),
        (["--use", "onnx,drop-layers", "--data", "DATA"], "has the format 'onnx', the pass drop-layers needs torch"),
        (["--use", "prune-ffn", "--prune-ffn.width", "40", "--data", "DATA"], "is 40, no multiple of 32"),
        (["--use", "prune-ffn", "--prune-ffn.width", "many", "--data", "DATA"], "is 'many'"),
        (["--use", "prune-ffn", "--prune-ffn.share", "2", "--data", "DATA"], "must be at most 1"),
        (["--use", "drop-layers", "--drop-layers.choose", "oddly", "--data", "DATA"], "Known: evenly, measured"),
        (["--use", "trim-vocab", "--trim-vocab.common", "-1", "--data", "DATA"], "must be at least 0"),
        (["--use", "prune-ffm", "--data", "DATA"], "Did you mean 'prune-ffn'"),
    ],
)
def test_a_wrong_word_is_one_line_and_leaves_nothing(workbench_cli, places, tmp_path, words, said):
    words = [places["data"] if word == "DATA" else word for word in words]
    done = workbench_cli("compress", places["model"], *words, "-o", tmp_path / "made")
    assert done.exit_code != 0
    assert said in told(done)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("name", ["prune-ffn", "recover"])
@pytest.mark.parametrize(("file", "said"), [("bundle.json", "is a bundle"), ("run.json", "is a run folder")])
def test_a_bundle_and_a_run_are_no_models(workbench_cli, places, tmp_path, name, file, said):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / file).write_text("{}")
    done = workbench_cli("compress", tmp_path / "made", "--use", name, "--data", places["data"], "-o", tmp_path / "no")
    assert f"{said}, but a model folder is needed here. Use the output of workbench train" in told(done)


def test_a_student_is_distilled_from_the_command_line(workbench_cli, places, tiny_encoder, tmp_path):
    words = ["--use", "distil", "--teachers", places["model"], "--encoder", tiny_encoder, "--epochs", "1"]
    done = workbench_cli("train", places["data"], *words, "-o", tmp_path / "student")
    assert done.exit_code == 0, done.output
    assert Model.load(tmp_path / "student").history[-1]["step"] == "distil"
