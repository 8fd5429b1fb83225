"""Model folders as the trainers write them, of random weights: a small encoder of each family, and a head.

And what tests do with such folders: train on them, and spoil them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from workbench.context import Context
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.options import parse_options

FAMILIES = ("bert", "distilbert", "roberta")
INTENTS = ("delivery", "refund", "查询物流")
TEXTS = ["where is parcel 7", "please refund order 9", "我的快递5到哪了", "I want my money back " * 3, ""]
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
WORDS = "back is money my order parcel please refund want where wh pa re ##ere ##cel ##fund"
PIECES = (*LETTERS, *"了到哪快我的递", *(f"##{letter}" for letter in LETTERS), *WORDS.split())
WIDTH = 32
SIZES = {
    "vocab_size": 400,
    "hidden_size": WIDTH,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 70,
}


def encoder(family: str) -> Any:
    """Random weights; the biases too, so that none is missed when it is lost."""
    import transformers as t

    torch.manual_seed(3)
    if family == "bert":
        made = t.BertModel(t.BertConfig(**SIZES))
    elif family == "roberta":
        made = t.RobertaModel(t.RobertaConfig(**SIZES, pad_token_id=1))
    elif family == "xlm-roberta":
        made = t.XLMRobertaModel(t.XLMRobertaConfig(**SIZES, pad_token_id=1))
    elif family == "albert":
        made = t.AlbertModel(t.AlbertConfig(**SIZES, embedding_size=16))
    else:
        made = t.DistilBertModel(
            t.DistilBertConfig(
                vocab_size=400, dim=WIDTH, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=70
            )
        )
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return made


def tokenizer(family: str) -> Any:
    """Byte-level BPE for RoBERTa; for the others WordPiece without special tokens: an empty text has none.

    The pieces are given, for WordPiece's trainer finds others each time.
    """
    from tokenizers import ByteLevelBPETokenizer, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    if family == "roberta":
        bpe = ByteLevelBPETokenizer()
        bpe.train_from_iterator(
            TEXTS,
            vocab_size=400,
            min_frequency=1,
            show_progress=False,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        )
        bpe.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
        return bpe
    known = {piece: number for number, piece in enumerate((*SPECIAL, *PIECES))}
    wordpiece = Tokenizer(models.WordPiece(known, unk_token="[UNK]"))
    wordpiece.normalizer, wordpiece.decoder = normalizers.BertNormalizer(lowercase=True), decoders.WordPiece()
    wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    wordpiece.add_special_tokens(list(SPECIAL))
    return wordpiece


def write_model(folder: Path, family: str = "bert", *, head: bool = True, pooling: str = "mean") -> Model:
    """A folder of format `torch`; without a head, a bare encoder."""
    from safetensors.torch import save_file

    encoder(family).save_pretrained(folder)
    words = tokenizer(family)
    words.no_padding()
    words.save(str(folder / "tokenizer.json"))
    if head:
        save_file(
            {"weight": torch.randn(len(INTENTS), WIDTH), "bias": torch.randn(len(INTENTS))}, folder / "head.safetensors"
        )
    return Model(folder, "torch", "intent", INTENTS if head else (), max_length=64, pooling=pooling).save()


def run_trainer(context: Context, name: str, dataset: Dataset, out: Path, **options: Any) -> Model:
    """Train as a run does."""
    trainer = context.host.registry("trainers")[name]
    made: Model = trainer(dataset, out, parse_options(trainer.options, options, "train"), context)
    return made


Tensors = dict[str, Any]


def spoil(source: Path, folder: Path, weights: Callable[[Tensors], Tensors] = dict, **config: Any) -> Path:
    """A copy with other weights, a function of those that are there, and other values in its config.json."""
    from safetensors.numpy import load_file, save_file

    shutil.copytree(source, folder)
    save_file(weights(load_file(source / "model.safetensors")), folder / "model.safetensors", metadata={"format": "pt"})
    about = json.loads((source / "config.json").read_text(encoding="utf-8")) | config
    (folder / "config.json").write_text(json.dumps(about), encoding="utf-8")
    return folder
