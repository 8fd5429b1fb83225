"""Hidden states of a teacher, which its student learns too: they say more of a text than its probabilities do.

This is TinyBERT's hidden loss (Jiao et al. 2020, arXiv 1909.10351), on the last layer alone, so that the student may
have fewer layers.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from workbench.api import Context, UsageProblem
from workbench.api.torch import IntentClassifier, pad, sorted_batches
from workbench_train.distillation.teachers import Teacher
from workbench_train.loop import BatchOutput

OPTION = "hidden_weight"
FILE = "states.safetensors"
PART = 1 << 16  # rows of float16 that are widened at once
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HiddenStates:
    """The last hidden states of some texts.

    Args:
        values: float16 [tokens of all texts, d], one text after the other.
        starts: where each text begins in them, and where the last one ends.
        same_length: of each text, whether the student cuts it into as many tokens.
        variance: of all values.
    """

    values: Tensor
    starts: list[int]
    same_length: list[bool]
    variance: float

    def difference(self, output: BatchOutput, rows: list[int]) -> Tensor:
        """Mean squared difference to a student's states of these rows, as a share of the variance.

        Rows that the student cuts into more or fewer tokens, because a token of theirs was trimmed, do not count.
        """
        kept = [number for number, row in enumerate(rows) if self.same_length[row]]
        if not kept:
            return output.states.new_zeros(())
        student = output.states[kept][output.mask[kept].bool()].float()
        teacher = torch.cat([self.values[self.starts[rows[n]] : self.starts[rows[n] + 1]] for n in kept])
        return (student - teacher.float()).square().mean() / self.variance


def hidden_states_of(
    teachers: Sequence[Teacher],
    texts: Sequence[str],
    student: IntentClassifier,
    lengths: Sequence[int],
    context: Context,
    *,
    bf16: bool,
) -> HiddenStates:
    """The hidden states of the teacher's encoder, in memory and cached: two bytes a value.

    Args:
        teachers: exactly one, a torch model.
        texts: those that are learned.
        student: learns the states.
        lengths: into how many tokens the student cuts each text.
        context: its cache keeps the states for a training that was killed.
        bf16: whether bfloat16 is precise enough.

    Raises:
        UsageProblem: there are several teachers, or one that is no torch model or has states of another size.
    """
    if len(teachers) != 1 or teachers[0].predictor.model.format != "torch":
        raise _unusable("one teacher, a model that a trainer made")
    model = teachers[0].predictor.model
    teacher = IntentClassifier.load(model)
    sizes = [_width(network) for network in (teacher, student)]
    if sizes[0] != sizes[1]:
        raise _unusable(f"states of one size, and the teacher's have {sizes[0]} values, the student's {sizes[1]}")
    ids = model.encode([teachers[0].predictor.normalize(text) for text in texts])

    def make(folder: Path) -> None:
        megabytes = sum(map(len, ids)) * sizes[0] * 2 / 1e6
        logger.info("the teacher's hidden states of %d texts take %.0f MB", len(ids), megabytes)
        save_file({"states": compute_states(teacher, ids, bf16=bf16)}, folder / FILE)

    key = {"teacher": teachers[0].digest, "texts": list(texts), "bf16": bf16}
    values = load_file(context.cache("teacher-states", key, make) / FILE)["states"]
    same_length = [len(row) == length > 0 for row, length in zip(ids, lengths, strict=True)]
    return HiddenStates(values, [0, *accumulate(map(len, ids))], same_length, variance(values))


def compute_states(network: IntentClassifier, ids: Sequence[Sequence[int]], *, bf16: bool) -> Tensor:
    """The last hidden states of every token, float16 [tokens of all rows, d], in the order of `ids`."""
    starts = [0, *accumulate(map(len, ids))]
    states = torch.empty(starts[-1], _width(network), dtype=torch.float16)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        for numbers in sorted_batches(ids):
            batch = network.hidden_states(*pad([ids[number] for number in numbers], network.pad_id))
            for number, row in zip(numbers, batch, strict=True):
                states[starts[number] : starts[number + 1]] = row[: len(ids[number])]
    return states


def variance(values: Tensor) -> float:
    """Of all values together; a part of them at a time, for a float32 copy of all would take twice their memory."""
    parts = [values[start : start + PART] for start in range(0, len(values), PART)]
    count = max(values.numel(), 1)
    mean = sum(float(part.sum(dtype=torch.float64)) for part in parts) / count
    return sum(float((part.float() - mean).square().sum(dtype=torch.float64)) for part in parts) / count


def _width(network: IntentClassifier) -> int:
    return int(network.encoder.config.hidden_size)


def _unusable(needed: str) -> UsageProblem:
    return UsageProblem(f"needs {needed}", where=OPTION, remedy=f"Give {OPTION} = 0, or another teacher")
