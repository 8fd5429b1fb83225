"""Apply named normalizations to the texts of a dataset, and record their names for the models trained on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from workbench.errors import WorkbenchError
from workbench.host import Host
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.utterance import Utterance


def normalize_rows(dataset: Dataset, name: str, by: str, host: Host) -> Dataset:
    """Normalize every `text` of a dataset; `raw` does not change.

    Models that are trained on the dataset apply the same normalizations to every text, in the same order.

    Args:
        dataset: the dataset, with the normalizations that were applied before.
        name: name of the new normalization.
        by: key of the dataset's counts for the number of changed texts.
        host: the host with the normalization.

    Raises:
        WorkbenchError: no plugin registers the normalization, or the normalizations together are not idempotent.
    """
    normalized = _with_texts(dataset, host.normalizer([name]))
    changed = sum(new.text != old.text for new, old in zip(normalized, dataset, strict=True))
    names = dataset.normalization if dataset.normalization[-1:] == (name,) else (*dataset.normalization, name)
    check_idempotent(normalized, names, host)
    return dataclasses.replace(normalized, normalization=names).counted(by, {"changed": changed})


def as_model_reads(dataset: Dataset, model: Model, host: Host) -> Dataset:
    """Normalize the texts of a dataset as the model's predictor does.

    Raises:
        WorkbenchError: no plugin registers a normalization of the model, or the normalizations together are not
            idempotent.
    """
    if dataset.normalization == model.normalization:
        return dataset
    normalized = _with_texts(dataset, host.normalizer(model.normalization, model.path))
    check_idempotent(normalized, model.normalization, host)
    return dataclasses.replace(normalized, normalization=model.normalization)


def check_idempotent(rows: Iterable[Utterance], names: Sequence[str], host: Host) -> None:
    """Check that the normalizations together do not change normalized rows again.

    Predictors normalize every text, so a second change would make served texts differ from measured texts. Several
    normalizations together need not be idempotent, even if each of them is.

    Raises:
        WorkbenchError: the normalizations change a row again.
    """
    normalize = host.normalizer(names)
    for row in rows:
        if (again := normalize(row.text)) != row.text:
            raise WorkbenchError(
                f"the normalizations {', '.join(names)} change their own result {row.text!r} to {again!r}; together "
                "they must be idempotent, because predictors apply them to every text",
                where=row.id,
                remedy="Change the order of the cleaners in [clean] use, or correct the normalization of a cleaner",
            )


def _with_texts(dataset: Dataset, normalize: Callable[[str], str]) -> Dataset:
    return dataset.with_rows(dataclasses.replace(row, text=normalize(row.text)) for row in dataset)
