"""Unlabelled texts from which pruned models learn: the baseline model labels them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from workbench.api import Context, Dataset
from workbench.api.engine import stream
from workbench.api.quality import evenly
from workbench_compress.lab.splices import splices
from workbench_compress.options import SearchOptions

ENOUGH = 12_000  # texts to learn from; where there are fewer, some are spliced


def made_texts(dataset: Dataset, options: SearchOptions, context: Context, given: int = 0) -> list[str]:
    """Make texts of train: by augmenters, and by splicing where these leave few.

    Args:
        dataset: its train rows are taken.
        options: which augmenters, and how many splices.
        context: its seed decides.
        given: how many texts there are besides.

    Raises:
        UsageProblem: no plugin has an augmenter that was asked for.
    """
    rows, made = dataset.split("train"), augmented(dataset, options, context)
    room = max(0, ENOUGH - len(rows) - len(made) - given)
    spliced = splices(rows, options.splices, partial(stream, context.seed, "splices"))
    return [*made, *evenly(list(spliced), room)] if room else made


def augmented(dataset: Dataset, options: SearchOptions, context: Context) -> list[str]:
    """Let the named augmenters work on train, or else those that are made for distillation.

    Raises:
        UsageProblem: no plugin has one that was asked for.
    """
    augmenters, rows = context.host.registry("augmenters"), dataset.split("train")
    names = options.augment
    if names is None:
        names = tuple(name for name, augmenter in augmenters.items() if augmenter.for_distillation)
    return [
        " ".join(text.split("\n"))
        for name in names
        for _, text in augmenters[name](rows, partial(stream, context.seed, name), augmenters[name].options(), context)
    ]


def unseen(lines: Sequence[str], dataset: Dataset, normalize: Callable[[str], str]) -> list[str]:
    """Leave out lines that a row has: dev and test are not learned from at all, and train is with labels."""
    known = {row.text for row in dataset}
    return [line for line in lines if normalize(line) not in known]
