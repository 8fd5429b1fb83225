"""Hidden states of a teacher, which its student is to have too: they say more of a text than its answer does.

That is TinyBERT's hidden loss (Jiao et al. 2020, arXiv 1909.10351), on the last layer alone, so that the student may
have fewer layers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from workbench.api import Context, UsageProblem
from workbench.api.io import digest_json
from workbench_train.batches import SIZE, pad
from workbench_train.checkpoint import Checkpoint
from workbench_train.classifier import IntentClassifier
from workbench_train.loop import Answer
from workbench_train.teaching import Teacher

OPTION = "hidden_weight"
PART = 1 << 16  # rows of float16 that are widened at once
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class States:
    """The last hidden states of some texts.

    Args:
        values: float16 [tokens of all texts, d], one text after the other.
        starts: where each text begins in them, and where the last one ends.
        alike: of each text, whether the student cuts it into as many tokens.
        variance: of all values.
    """

    values: Tensor
    starts: list[int]
    alike: list[bool]
    variance: float

    def difference(self, answer: Answer, rows: list[int]) -> Tensor:
        """Mean squared difference to a student's states of these rows, as a share of the variance.

        Rows that the student cuts into more or fewer tokens, because a token of theirs was trimmed, do not count.
        """
        kept = [number for number, row in enumerate(rows) if self.alike[row]]
        if not kept:
            return answer.states.new_zeros(())
        own = answer.states[kept][answer.mask[kept].bool()].float()
        wanted = torch.cat([self.values[self.starts[rows[n]] : self.starts[rows[n] + 1]] for n in kept])
        return (own - wanted.float()).square().mean() / self.variance


def states_of(
    teachers: Sequence[Teacher],
    texts: Sequence[str],
    student: IntentClassifier,
    lengths: Sequence[int],
    context: Context,
    *,
    bf16: bool,
) -> States:
    """What the teacher's encoder makes of the texts, in memory and beside the checkpoint: two bytes a value.

    Args:
        teachers: exactly one, a torch model.
        texts: those that are learned.
        student: whose states are to be like them.
        lengths: into how many tokens the student cuts each text.
        context: its `work` keeps them, so that a training that was killed does not ask again.
        bf16: whether bfloat16 is precise enough.

    Raises:
        UsageProblem: there are several teachers, or one that is no torch model or has states of another size.
    """
    if len(teachers) != 1 or teachers[0].predictor.model.format != "torch":
        raise _impossible("one teacher, a model that a trainer made")
    model = teachers[0].predictor.model
    teacher = IntentClassifier.load(model)
    sizes = [int(_config(network).hidden_size) for network in (teacher, student)]
    if sizes[0] != sizes[1]:
        raise _impossible(f"states of one size, and the teacher's have {sizes[0]} values, the student's {sizes[1]}")
    ids = model.encode([teachers[0].predictor.normalize(text) for text in texts])
    cache = Checkpoint(context.work, digest_json([teachers[0].digest, list(texts), bf16]), "states.safetensors")
    stored = cache.load()
    if stored is None:
        megabytes = sum(map(len, ids)) * sizes[0] * 2 / 1e6
        logger.info("the teacher's hidden states of %d texts take %.0f MB", len(ids), megabytes)
        values = hidden_states(teacher, ids, bf16=bf16)
        cache.save({"states": values}, {})
    else:
        values = stored[0]["states"]
    starts = [0, *accumulate(map(len, ids))]
    alike = [len(row) == length > 0 for row, length in zip(ids, lengths, strict=True)]
    return States(values, starts, alike, variance(values))


def hidden_states(network: IntentClassifier, ids: Sequence[Sequence[int]], *, bf16: bool) -> Tensor:
    """The last hidden states of every token, float16 [tokens of all rows, d], in the order of `ids`."""
    order = sorted(range(len(ids)), key=lambda number: len(ids[number]))
    starts = [0, *accumulate(map(len, ids))]
    found = torch.empty(starts[-1], int(_config(network).hidden_size), dtype=torch.float16)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        for start in range(0, len(order), SIZE):
            numbers = order[start : start + SIZE]
            states = network.states(*pad([ids[number] for number in numbers], network.pad_id))
            for number, row in zip(numbers, states, strict=True):
                found[starts[number] : starts[number + 1]] = row[: len(ids[number])]
    return found


def variance(values: Tensor) -> float:
    """Of all values together; a part of them at a time, for a float32 copy of all would take twice their memory."""
    parts = [values[start : start + PART] for start in range(0, len(values), PART)]
    count = max(values.numel(), 1)
    mean = sum(float(part.sum(dtype=torch.float64)) for part in parts) / count
    return sum(float((part.float() - mean).square().sum(dtype=torch.float64)) for part in parts) / count


def _config(network: IntentClassifier) -> Any:
    return network.encoder.config


def _impossible(needed: str) -> UsageProblem:
    return UsageProblem(f"needs {needed}", where=OPTION, remedy=f"Give {OPTION} = 0, or another teacher")
