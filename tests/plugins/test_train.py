"""The trainers and the predictor, as a run calls them."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.model_folders import run_trainer
from workbench.errors import UsageProblem, WorkbenchError
from workbench.io.digests import digest_folder
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.utterance import Utterance

FAST = {"epochs": 3, "batch_size": 8, "encoder_lr": 1e-3, "evaluate_every": 1.0}


@pytest.fixture
def train(context, tiny_encoder, tmp_path):
    """`train(name, dataset, **options)` → the model, in a folder of its own."""

    def run(name, dataset, *, out=None, seed=context.seed, log=context.log, **options):
        work = tmp_path / f"work-{len(list(tmp_path.iterdir()))}"
        work.mkdir()
        here = dataclasses.replace(context, seed=seed, work=work, log=log)
        options = {"encoder": str(tiny_encoder), **options}
        return run_trainer(here, name, dataset, out or tmp_path / f"out-{work.name}", **options)

    return run


def texts(dataset, split="dev"):
    return [row.text for row in dataset.labelled(split)]


def accuracy(host, model, dataset, split="dev"):
    rows = dataset.labelled(split)
    best = host.open_predictor(model).logits([row.text for row in rows]).argmax(axis=1)
    return float((best == np.array(dataset.label_ids(rows))).mean())


def test_probe_learns(host, train, small_dataset):
    assert accuracy(host, train("probe", small_dataset), small_dataset, "test") > 0.8


def test_probe_of_two_intents_gives_each_a_row_of_the_head(host, train, small_dataset):
    intents = ("delivery", "refund")
    two = Dataset("intent", intents, tuple(row for row in small_dataset if row.intent in intents))
    model = train("probe", two)
    assert load_file(model.path / "head.safetensors")["weight"].shape == (2, 32)
    assert accuracy(host, model, two) > 0.8


def test_names_needs_no_rows_and_answers_a_name_with_its_intent(host, train):
    dataset = Dataset("intent", ("card_arrival", ("account", "Locked"), "查询物流"), ())
    logits = host.open_predictor(train("names", dataset)).logits(["card arrival", "account Locked", "查询物流"])
    assert logits.argmax(axis=1).tolist() == [0, 1, 2]
    assert logits.diagonal() == pytest.approx([1, 1, 1], abs=1e-5)


def pairs():
    """Rows whose intent is told by two words together and by none of them alone, so that a linear probe must guess."""
    made = []
    for n in range(64):
        first, second = n % 2, n // 2 % 2
        text = f"the {('refund', 'parcel')[first]} {100 + n // 4} is {('missing', 'late')[second]}"
        intent, split = ("same" if first == second else "other"), ("dev" if n >= 48 else "train")
        made.append(Utterance(str(n), text, text, (intent,), split=split))
    return Dataset("intent", ("other", "same"), tuple(made))


def test_finetune_learns_more_than_its_start(host, train):
    model = train("finetune", pairs(), **FAST | {"epochs": 30, "encoder_lr": 3e-3}, patience=None)
    step = model.history[-1]
    assert step["start_dev_accuracy"] < 0.7 < 0.9 < step["dev_accuracy"]
    assert step["dev_accuracy"] == accuracy(host, model, pairs())
    assert step["steps"] == 30 * 6
    assert step["best_step"] > 0


def test_finetune_keeps_its_start_when_training_makes_it_worse(host, train, small_dataset):
    probe = train("probe", small_dataset)
    model = train("finetune", small_dataset, **FAST | {"encoder_lr": 1.0, "head_lr": 10.0})
    assert model.history[-1]["best_step"] == 0
    heads = [(folder / "head.safetensors").read_bytes() for folder in (model.path, probe.path)]
    assert heads[0] == heads[1]
    assert accuracy(host, model, small_dataset) == accuracy(host, probe, small_dataset)


def test_early_stopping_counts_evaluations_without_a_better_one(train, small_dataset):
    options = FAST | {"encoder_lr": 1.0, "head_lr": 10.0, "epochs": 50, "patience": 2}
    step = train("finetune", small_dataset, **options).history[-1]
    assert (step["best_step"], step["steps"]) == (0, 10)


def test_without_dev_rows_the_last_weights_are_kept_and_the_log_says_so(train, small_dataset, caplog):
    dataset = small_dataset.with_rows(row for row in small_dataset if row.split != "dev")
    step = train("finetune", dataset, **FAST).history[-1]
    assert step["steps"] == 15
    assert "dev_accuracy" not in step
    assert "no dev split" in caplog.text


def test_progress_is_logged(train, small_dataset):
    seen = []
    train("finetune", small_dataset, **FAST, log=lambda metrics, step: seen.append((step, metrics)))
    assert [step for step, metrics in seen if "dev_accuracy" in metrics] == [0, 5, 10, 15]
    assert all(metrics["progress"] == step / 15 for step, metrics in seen)
    assert {"loss", "best_dev_accuracy"} <= set().union(*(metrics for _, metrics in seen))


def test_the_loss_leaving_the_numbers_is_one_line(train, small_dataset):
    with pytest.raises(WorkbenchError, match=r"the loss is (nan|inf).*Lower encoder_lr"):
        train("finetune", small_dataset, **FAST | {"encoder_lr": 1e30, "head_lr": 1e30}, patience=None)


def test_bf16_trains_and_answers_in_float32(host, train, small_dataset):
    model = train("finetune", small_dataset, **FAST, bf16=True)
    assert accuracy(host, model, small_dataset) > 0.8
    assert all(tensor.dtype == np.float32 for tensor in load_file(model.path / "model.safetensors").values())


@pytest.mark.parametrize("trainer", ["names", "probe", "finetune"])
def test_the_folder_depends_on_nothing_but_input_and_seed(train, tiny_encoder, small_dataset, tmp_path, trainer):
    elsewhere = shutil.copytree(tiny_encoder, tmp_path / "other" / "tiny")
    options = FAST if trainer == "finetune" else {}
    first = train(trainer, small_dataset, out=tmp_path / "a", **options)
    second = train(trainer, small_dataset, out=tmp_path / "deeper" / "b", encoder=str(elsewhere), **options)
    assert digest_folder(first.path) == digest_folder(second.path)
    everything = b"".join(path.read_bytes() for path in first.path.rglob("*.json"))
    assert str(tmp_path).encode() not in everything
    assert str(tiny_encoder.parent).encode() not in everything


def test_another_seed_gives_other_weights(train, small_dataset):
    first, second = (train("finetune", small_dataset, **FAST, seed=seed, patience=None) for seed in (1, 2))
    assert digest_folder(first.path) != digest_folder(second.path)


def test_training_leaves_the_callers_random_state_alone(train, small_dataset):
    import torch

    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    for trainer in ("names", "probe", "finetune"):
        train(trainer, small_dataset, **FAST if trainer == "finetune" else {})
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_folder_is_a_hugging_face_encoder_and_the_head_is_linear(host, train, small_dataset):
    import torch
    from transformers import AutoModel, AutoTokenizer

    model = train("finetune", small_dataset, **FAST)
    encoder, tokenizer = AutoModel.from_pretrained(model.path).eval(), AutoTokenizer.from_pretrained(model.path)
    batch = tokenizer(texts(small_dataset), padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = encoder(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    pooled = ((states * mask).sum(1) / mask.sum(1)).numpy()
    vectors = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
    head = load_file(model.path / "head.safetensors")
    logits, embeddings = host.open_predictor(model).run(texts(small_dataset))
    assert embeddings == pytest.approx(vectors, abs=1e-5)
    assert logits == pytest.approx(vectors @ head["weight"].T + head["bias"], abs=1e-4)


def test_the_saved_tokenizer_neither_pads_nor_cuts(train, tiny_encoder, small_dataset, tmp_path):
    source = shutil.copytree(tiny_encoder, tmp_path / "padded")
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    tokenizer["truncation"] = {"max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right"}
    tokenizer["padding"] = {
        "strategy": {"Fixed": 64},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    (source / "tokenizer.json").write_text(json.dumps(tokenizer))
    saved = json.loads((train("probe", small_dataset, encoder=str(source)).path / "tokenizer.json").read_text())
    assert saved["truncation"] is None
    assert saved["padding"] is None


def test_a_vocabulary_alone_becomes_tokenizer_json(host, train, tiny_encoder, small_dataset, tmp_path):
    from transformers import AutoTokenizer

    source = shutil.copytree(tiny_encoder, tmp_path / "slow", ignore=shutil.ignore_patterns("tokenizer.json"))
    model = train("probe", small_dataset, encoder=str(source))
    expected = AutoTokenizer.from_pretrained(source)(texts(small_dataset))["input_ids"]
    assert model.encode(texts(small_dataset)) == expected


def test_history_says_what_was_done(train, small_dataset):
    step = Model.load(train("finetune", small_dataset, **FAST).path).history[-1]
    assert step["step"] == "finetune"
    assert step["encoder"] == "tiny"
    assert len(step["encoder_sha256"]) == 64
    assert step["options"]["epochs"] == 3
    assert step["options"]["pooling"] == "mean"
    assert step["licence"] is None  # of a folder that nobody knows
    assert set(step["libraries"]) == {"torch", "transformers", "tokenizers", "scikit-learn"}


def test_prefix_and_pooling_can_be_chosen(host, train, small_dataset):
    model = train("probe", small_dataset, prefix="query: ", pooling="cls")
    assert (model.prefix, model.pooling) == ("query: ", "cls")
    assert Model.load(model.path) == model
    assert accuracy(host, model, small_dataset) > 0.5
    assert model.encode(["parcel"]) != train("probe", small_dataset).encode(["parcel"])


def test_the_encoder_caps_max_length(train, small_dataset):
    assert train("probe", small_dataset, max_length=500).max_length == 64
    assert train("probe", small_dataset, max_length=16).max_length == 16


def test_another_task_is_refused(train, small_dataset):
    with pytest.raises(WorkbenchError, match="learns the task 'intent', the dataset's is 'intents'"):
        train("probe", dataclasses.replace(small_dataset, task="intents"))


@pytest.mark.parametrize("trainer", ["names", "probe", "finetune"])
def test_one_intent_is_refused(train, small_dataset, trainer):
    with pytest.raises(WorkbenchError, match=r"has 1 intent \(refund\), and two are needed"):
        train(trainer, Dataset("intent", ("refund",), tuple(r for r in small_dataset if r.intent == "refund")))


@pytest.mark.parametrize("trainer", ["probe", "finetune"])
def test_an_empty_train_split_is_refused_and_leaves_nothing(train, small_dataset, trainer, tmp_path):
    with pytest.raises(WorkbenchError, match="the train split has no labelled row"):
        train(trainer, small_dataset.with_rows(small_dataset.split("dev")), out=tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("trainer", ["probe", "finetune"])
def test_an_intent_without_a_train_row_is_named(train, small_dataset, trainer):
    dataset = dataclasses.replace(small_dataset, intents=(*small_dataset.intents, "complaint"))
    with pytest.raises(WorkbenchError, match="no train row has the intent complaint"):
        train(trainer, dataset)


def test_wrong_options_are_refused(train, small_dataset):
    with pytest.raises(UsageProblem, match=r"unknown key 'epoch'.*Did you mean 'epochs'"):
        train("finetune", small_dataset, epoch=3)
    with pytest.raises(UsageProblem, match="must be at least 1"):
        train("finetune", small_dataset, epochs=0)


def test_every_named_encoder_says_where_it_comes_from(host):
    for name, encoder in host.registry("encoders").items():
        assert encoder.hub.count("/") == 1, name
        assert all((encoder.licence, encoder.languages, encoder.parameters)), name
        assert encoder.pooling in ("mean", "cls"), name
