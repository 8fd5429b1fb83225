"""A real bundle that needs no training: a bag-of-words model of two intents, in English and Chinese, written by hand.

A token that speaks for an intent has that intent's axis as its embedding, all others are zero; the mean over the tokens
goes through a head. "give me my money back" is a refund because of `money` and `back`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from workbench.nouns.bundle import Bundle
from workbench.nouns.model import Model

INTENTS = ("delivery", "退款")
SPEAKS = {
    "delivery": ("parcel", "where", "late", "快", "递", "哪"),
    "退款": ("refund", "money", "back", "退", "款", "钱"),
}
FILES = ("model.onnx", "tokenizer.json")
OTHERS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "my", "is", "give", "me", "please", "我", "的", "到", "要", "?", "？")


def vocabulary() -> dict[str, int]:
    """Token -> id."""
    return {token: number for number, token in enumerate([*OTHERS, *SPEAKS["delivery"], *SPEAKS["退款"]])}


def write_tokenizer(path: Path) -> None:
    """A word-level `tokenizer.json` that lowers case, parts Chinese characters and adds [CLS] and [SEP]."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    words = vocabulary()
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", words["[SEP]"]), ("[CLS]", words["[CLS]"]))
    tokenizer.save(str(path))


def write_onnx(path: Path, scale: float = 20.0) -> None:
    """`model.onnx`: gather, mean over the attended tokens (`embedding`), linear head (`logits`)."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    words = vocabulary()
    table = np.zeros((len(words), 2), np.float32)
    for axis, intent in enumerate(INTENTS):
        table[[words[token] for token in SPEAKS[intent]], axis] = 1
    tensors = {
        "table": table,
        "weight": scale * np.eye(2, dtype=np.float32),
        "bias": np.zeros(2, np.float32),
        "tokens": np.array([1], np.int64),
        "last": np.array([2], np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Gather", ["table", "input_ids"], ["tokens_embedded"]),
        node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["mask", "last"], ["mask_3d"]),
        node("Mul", ["tokens_embedded", "mask_3d"], ["attended"]),
        node("ReduceSum", ["attended", "tokens"], ["total"], keepdims=0),
        node("ReduceSum", ["mask", "tokens"], ["count"], keepdims=1),
        node("Div", ["total", "count"], ["embedding"]),
        node("Gemm", ["embedding", "weight", "bias"], ["logits"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 2]) for name in ("logits", "embedding")]
    graph = helper.make_graph(
        nodes, "words", inputs, outputs, [numpy_helper.from_array(value, name) for name, value in tensors.items()]
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def write_bundle(folder: Path, *, scale: float = 20.0, **changes: object) -> Bundle:
    """A bundle in a new folder; `changes` are fields of `Bundle`, accepted by the gate unless they say otherwise."""
    folder.mkdir(parents=True)
    write_onnx(folder / "model.onnx", scale)
    write_tokenizer(folder / "tokenizer.json")
    (folder / "README.md").write_text("# A model of words\n", encoding="utf-8")
    model = Model(folder, "onnx", "intent", INTENTS, max_length=32, normalization=("repair-1",))
    bundle = Bundle(model, FILES, gate={"accepted": True, "figures": []})
    return dataclasses.replace(bundle, **changes).save()
