"""The three kinds of vocabulary that can be trimmed, as `tokenizer.json` stores them.

Each kind says which further tokens have to stay so that a text made of kept tokens is cut as before, and writes its
model with the kept tokens under new numbers. Why that is so:

- WordPiece takes the longest piece that fits; without pieces that were never taken it takes the same ones.
- BPE joins the pair of the lowest rank; without joins that were never made it makes the same ones. So every join that
  leads to a kept token stays, and what it joins.
- Unigram takes the likeliest path; without pieces off that path it is still the likeliest. An unknown character counts
  a fixed amount less than the least likely piece, which therefore stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
BYTE = re.compile(r"<0x[0-9A-F]{2}>")  # the pieces of a byte fallback


@dataclass(frozen=True)
class Kind:
    """A kind of vocabulary.

    Args:
        tokens: the model's tokens and their numbers.
        closed: the tokens that have to stay beside those given.
        rebuilt: the model with these tokens and numbers only.
    """

    tokens: Callable[[Json], dict[str, int]]
    closed: Callable[[Json, set[str]], set[str]]
    rebuilt: Callable[[Json, Mapping[str, int]], Json]


def _table(model: Json) -> dict[str, int]:
    return dict(model["vocab"])


def _nothing(model: Json, kept: set[str]) -> set[str]:
    return set()


def _pick(model: Json, numbers: Mapping[str, int]) -> Json:
    return {**model, "vocab": {token: numbers[token] for token in sorted(numbers, key=numbers.__getitem__)}}


def _merges(model: Json) -> list[tuple[str, str]]:
    """The joins by rank; older files write each as one text with a space in it."""
    pairs = (pair.split(" ", 1) if isinstance(pair, str) else pair for pair in model["merges"])
    return [(left, right) for left, right in pairs]


def _join(model: Json, left: str, right: str) -> str:
    return left + right.removeprefix(model.get("continuing_subword_prefix") or "")


def _joined(model: Json, kept: set[str]) -> set[str]:
    sources: dict[str, list[tuple[str, str]]] = {}
    for left, right in _merges(model):
        sources.setdefault(_join(model, left, right), []).append((left, right))
    closed, waiting = set(kept), list(kept)
    while waiting:
        for pair in sources.get(waiting.pop(), []):
            fresh = set(pair) - closed
            closed |= fresh
            waiting += fresh
    return closed - kept


def _without_joins(model: Json, numbers: Mapping[str, int]) -> Json:
    merges = [
        [left, right] for left, right in _merges(model) if {left, right, _join(model, left, right)} <= numbers.keys()
    ]
    return {**_pick(model, numbers), "merges": merges}


def _positions(model: Json) -> dict[str, int]:
    return {piece: number for number, (piece, _) in enumerate(model["vocab"])}


def _least_likely(model: Json, kept: set[str]) -> set[str]:
    return {min(model["vocab"], key=lambda entry: entry[1])[0]} - kept


def _listed(model: Json, numbers: Mapping[str, int]) -> Json:
    scores = dict(map(tuple, model["vocab"]))
    pieces = sorted(numbers, key=numbers.__getitem__)
    unknown = model.get("unk_id")
    name = None if unknown is None else model["vocab"][unknown][0]
    return {
        **model,
        "vocab": [[piece, scores[piece]] for piece in pieces],
        "unk_id": None if name is None else numbers[name],
    }


KINDS = {
    "WordPiece": Kind(_table, _nothing, _pick),
    "BPE": Kind(_table, _joined, _without_joins),
    "Unigram": Kind(_positions, _least_likely, _listed),
}
