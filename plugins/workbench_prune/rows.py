"""Rows on which the passes measure: even samples of a split or a file; labelled, else with predicted labels."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from workbench.api import Context, Dataset, Model, Utterance, WorkbenchError
from workbench.api.io import read_lines
from workbench.api.quality import evenly
from workbench.api.torch import IntentClassifier, pad, sorted_batches
from workbench_prune.options import MeasureOptions

FEW = 100
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """Rows of like length.

    Args:
        ids: token ids, int64 [n, tokens].
        mask: attention mask, int64 [n, tokens].
        labels: indices of intents, int64 [n].
    """

    ids: Tensor
    mask: Tensor
    labels: Tensor


def dataset_of(model: Model, name: str, context: Context, option: str, file: str | None) -> Dataset:
    """The dataset at hand, which has the model's intents; an empty one where a file of texts stands in for it.

    Args:
        model: what the pass was given.
        name: of the pass.
        context: of the pass.
        option: the pass's option that names a file of texts.
        file: its value.

    Raises:
        WorkbenchError: there is neither a dataset nor a file, or the dataset has other intents.
    """
    dataset = context.dataset
    if dataset is None and file is not None:
        return Dataset(model.task, model.intents, (), normalization=model.normalization)
    if dataset is None:
        raise WorkbenchError(
            f"the pass {name} needs real rows, and no dataset is at hand",
            remedy=f"Give the training data, --data FOLDER, or texts without labels, --{name}.{option} FILE, "
            "which is weaker",
        )
    if dataset.intents != model.intents:
        raise WorkbenchError(
            f"has {len(model.intents)} intents, the dataset {len(dataset.intents)} others or in another order",
            where=model.path,
            remedy="Give the dataset that the model was trained on",
        )
    return dataset


def measurement_rows(
    model: Model,
    classifier: IntentClassifier,
    splits: Sequence[str],
    options: MeasureOptions,
    name: str,
    context: Context,
    *,
    labels: bool,
) -> list[Batch]:
    """Up to `options.rows` rows of the first of the splits that has any, in batches sorted by length.

    With `labels`, labelled rows come first; where a split has none, its unlabelled rows count with the model's own
    answers. So do the lines of `options.texts`, which take the dataset's place. Without, every row counts, and all
    labels are 0.

    Raises:
        WorkbenchError: there is no dataset and no file, or no row, or none with a token.
    """
    dataset = dataset_of(model, name, context, "texts", options.texts)
    source, rows = rows_of(dataset, splits, options.texts, name, labels=labels)
    rows = evenly(rows, options.rows)
    if len(rows) < FEW:
        logger.warning("%s: %d rows of %s are few to measure on; %d or more are wanted", name, len(rows), source, FEW)
    normalize, labelled = context.host.normalizer(model.normalization), labels and bool(rows[0].intents)
    ids = model.encode([normalize(row.text) for row in rows])
    if not any(ids):
        raise WorkbenchError(f"the pass {name} needs real rows, and no text of {source} has a token")
    made = list(batches(ids, dataset.label_ids(rows) if labelled else [0] * len(rows), classifier.pad_id))
    if labelled or not labels:
        return made
    logger.warning("%s: no row of %s has a label; the model's own answers count, which is weaker", name, source)
    with torch.no_grad():
        return [Batch(batch.ids, batch.mask, classifier.logits(batch.ids, batch.mask).argmax(1)) for batch in made]


def rows_of(
    dataset: Dataset, splits: Sequence[str], texts: str | None, name: str, *, labels: bool
) -> tuple[str, list[Utterance]]:
    """Where the rows come from, and all of them: with `labels` either all labelled or none.

    Raises:
        WorkbenchError: the file cannot be read, or none of the splits has a row.
    """
    if texts is not None:
        lines = read_lines(texts)
        return Path(texts).name, [Utterance(str(number), line, line) for number, line in enumerate(lines)]
    split = next((split for split in splits if dataset.split(split)), None)
    if split is None:
        raise WorkbenchError(
            f"the pass {name} needs rows of {' or '.join(splits)}, and the dataset has none",
            remedy="Import it with a split: split = { train = 0.9, dev = 0.1 }",
        )
    return split, (dataset.labelled(split) if labels else []) or dataset.split(split)


def batches(ids: Sequence[Sequence[int]], labels: Sequence[int], pad_id: int) -> Iterator[Batch]:
    """Batches of rows sorted by length, padded on the right; a text without tokens is padding only."""
    for numbers in sorted_batches(ids):
        padded, mask = pad([ids[number] for number in numbers], pad_id)
        yield Batch(padded, mask, torch.tensor([labels[number] for number in numbers]))
