"""Apply named normalizations to the rows of a dataset, and remember their names for the models trained on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from workbench.host import Host
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model


def normalize_rows(dataset: Dataset, name: str, by: str, host: Host) -> Dataset:
    """Give the dataset with every `text` normalized and every `raw` as it was.

    A model that is trained on the dataset applies the same normalizations to what it is asked, in the same order.

    Args:
        dataset: its normalizations so far stay the first.
        name: of the normalization.
        by: what the changed texts are counted under.
        host: knows the normalization.

    Raises:
        WorkbenchError: no plugin registers the normalization.
    """
    made = _with_texts(dataset, host.normalizer([name]))
    changed = sum(new.text != old.text for new, old in zip(made, dataset, strict=True))
    names = dataset.normalization if dataset.normalization[-1:] == (name,) else (*dataset.normalization, name)
    return dataclasses.replace(made, normalization=names).counted(by, {"changed": changed})


def as_model_reads(dataset: Dataset, model: Model, host: Host) -> Dataset:
    """Give the dataset with its texts normalized as the model's predictor normalizes them.

    Raises:
        WorkbenchError: no plugin registers one of the model's normalizations.
    """
    if dataset.normalization == model.normalization:
        return dataset
    made = _with_texts(dataset, host.normalizer(model.normalization, model.path))
    return dataclasses.replace(made, normalization=model.normalization)


def _with_texts(dataset: Dataset, normalize: Callable[[str], str]) -> Dataset:
    return dataset.with_rows(dataclasses.replace(row, text=normalize(row.text)) for row in dataset)
