"""Encoders of other families: RoBERTa counts positions differently, and some folders lack layers that nobody uses."""

from __future__ import annotations

import contextlib
import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.encoders import token_limit
from workbench.io.digests import digest_folder
from workbench.options import parse_options

ROOT = Path(__file__).resolve().parents[2]
TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


@pytest.fixture(scope="module")
def roberta(small_dataset, tmp_path_factory):
    """A tiny RoBERTa as it stands on the hub: byte-level BPE, and no pooler among the weights."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

    folder = tmp_path_factory.mktemp("encoder") / "tiny-roberta"
    bpe = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    bpe.train_from_iterator(
        [row.text for row in small_dataset], vocab_size=400, special_tokens=special, show_progress=False
    )
    folder.mkdir()
    bpe.save_model(str(folder))
    RobertaTokenizerFast.from_pretrained(folder).save_pretrained(folder)
    config = RobertaConfig(vocab_size=bpe.get_vocab_size(), max_position_embeddings=40, pad_token_id=1, **TINY)
    RobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def distilbert(tiny_encoder, tmp_path_factory):
    """A tiny DistilBERT: no token types, no pooler."""
    from transformers import AutoTokenizer, DistilBertConfig, DistilBertModel

    folder = tmp_path_factory.mktemp("encoder") / "tiny-distilbert"
    tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
    tokenizer.save_pretrained(folder)
    DistilBertModel(
        DistilBertConfig(
            vocab_size=len(tokenizer), dim=32, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=64
        )
    ).save_pretrained(folder)
    return folder


@pytest.fixture(params=["roberta", "distilbert"])
def encoder(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def finetune(context, small_dataset, tmp_path):
    def run(encoder, out, **options):
        trainer = context.host.registry("trainers")["finetune"]
        known = {"encoder": str(encoder), "epochs": 2, "batch_size": 8, "encoder_lr": 1e-3, **options}
        work = tmp_path / f"work-{out}"
        work.mkdir()
        return trainer(
            small_dataset,
            tmp_path / out,
            parse_options(trainer.options, known, "train"),
            dataclasses.replace(context, work=work),
        )

    return run


def test_it_learns_and_answers_texts_of_any_length(host, finetune, encoder, small_dataset):
    model = finetune(encoder, "model")
    assert model.history[-1]["dev_accuracy"] > 0.8
    logits = host.open_predictor(model).logits(["where is my parcel " * 100, "", "refund"])
    assert logits.shape == (3, 3)
    assert len(model.encode(["where is my parcel " * 100])[0]) == model.max_length


def test_layers_without_weights_are_the_same_each_time(finetune, encoder):
    assert digest_folder(finetune(encoder, "a").path) == digest_folder(finetune(encoder, "b").path)


QUIET = """
import sys
from pathlib import Path
from tests.model_folders import run_trainer
from workbench.context import Context
from workbench.host import build_host
from workbench.nouns.dataset import Dataset

root = Path(sys.argv[1])
(root / "work").mkdir()
dataset = Dataset.load(root / "data")
context = Context(build_host(), 13, root / "work", dataset)
model = run_trainer(context, "probe", dataset, root / "out", encoder=str(root / "shards"))
offer = context.host.registry("passes")["onnx"]
exported = offer(model, root / "onnx", offer.options(), context)
print(context.host.open_predictor(exported).logits(["refund"]).shape)
"""


def test_nothing_is_on_stderr_where_the_pooler_lacks_and_weights_come_in_shards(roberta, small_dataset, tmp_path):
    from transformers import AutoTokenizer, RobertaModel

    network = RobertaModel.from_pretrained(roberta, add_pooling_layer=False)
    network.save_pretrained(tmp_path / "shards", max_shard_size="30KB")
    AutoTokenizer.from_pretrained(roberta).save_pretrained(tmp_path / "shards")
    assert len(list((tmp_path / "shards").glob("model-*.safetensors"))) > 2
    small_dataset.save(tmp_path / "data")
    done = subprocess.run([sys.executable, "-c", QUIET, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "(1, 3)\n", done.stderr
    assert done.stderr == ""


def test_what_transformers_says_is_heard_again_afterwards(roberta):
    from transformers.utils import logging

    from workbench.torch.pretrained import quiet

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    with contextlib.suppress(KeyError), quiet():
        assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == (logging.ERROR, False)
        raise KeyError
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_roberta_takes_two_tokens_less_than_it_has_positions(roberta, distilbert):
    assert token_limit(roberta) == 38
    assert token_limit(distilbert) == 64
