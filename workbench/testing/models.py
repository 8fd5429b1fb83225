"""Model folders with random weights in the format of the trainers: a small encoder of each family, and a head."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from workbench.nouns.model import Model
from workbench.testing.data import tiny_rows

# family -> prefix of its classes in transformers, and configuration values that SIZES lacks
ARCHITECTURES: dict[str, tuple[str, dict[str, int]]] = {
    "bert": ("Bert", {}),
    "roberta": ("Roberta", {"pad_token_id": 1}),
    "xlm-roberta": ("XLMRoberta", {"pad_token_id": 1}),
    "albert": ("Albert", {"embedding_size": 16}),
    "distilbert": ("DistilBert", {}),
}
DISTILBERT = {
    "hidden_size": "dim",
    "num_hidden_layers": "n_layers",
    "num_attention_heads": "n_heads",
    "intermediate_size": "hidden_dim",
}
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


def random_encoder(family: str) -> Any:
    """Make a two-layer Hugging Face encoder with random weights and random biases."""
    import torch

    transformers: Any = importlib.import_module("transformers")
    name, more = ARCHITECTURES[family]
    sizes = {DISTILBERT.get(key, key): value for key, value in SIZES.items()} if family == "distilbert" else SIZES
    torch.manual_seed(3)
    encoder = getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**sizes, **more))
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return encoder


def small_tokenizer(family: str) -> Any:
    """Make a tokenizer: byte-level BPE for RoBERTa, WordPiece for the other families.

    WordPiece adds no special tokens, so an empty text has no tokens. Its vocabulary is fixed, because the trainer of
    WordPiece is not deterministic.
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
    """Write a model folder of format `torch`; without a head, the model is a bare encoder.

    Args:
        folder: the folder to write.
        family: a key of `ARCHITECTURES`.
        head: whether the model has a head with random weights.
        pooling: `mean` or `cls`.
    """
    import torch
    from safetensors.torch import save_file

    random_encoder(family).save_pretrained(folder)
    tokenizer = small_tokenizer(family)
    tokenizer.no_padding()
    tokenizer.save(str(folder / "tokenizer.json"))
    if head:
        save_file(
            {"weight": torch.randn(len(INTENTS), WIDTH), "bias": torch.randn(len(INTENTS))}, folder / "head.safetensors"
        )
    return Model(folder, "torch", "intent", INTENTS if head else (), max_length=64, pooling=pooling).save()


def write_encoder(folder: Path) -> Path:
    """Write a Hugging Face folder with a two-layer BERT, random weights, and a WordPiece tokenizer for `tiny_rows`."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from tokenizers.processors import BertProcessing

    transformers: Any = importlib.import_module("transformers")
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    texts = [row.text for row in tiny_rows()]
    tokenizer.train_from_iterator(texts, vocab_size=400, min_frequency=1, show_progress=False)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[SEP]", "[CLS]")]
    tokenizer.post_processor = BertProcessing(*ends)
    fast = transformers.BertTokenizerFast(
        tokenizer_object=tokenizer._tokenizer, do_lower_case=True, model_max_length=64
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {**SIZES, "vocab_size": len(fast), "max_position_embeddings": 64}
    transformers.BertModel(transformers.BertConfig(**sizes)).save_pretrained(folder)
    return folder
