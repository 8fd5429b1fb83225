"""Apply named normalizations to the rows of a dataset, and remember their names for the models trained on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from workbench.errors import WorkbenchError
from workbench.host import Host
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.nouns.utterance import Utterance


def normalize_rows(dataset: Dataset, name: str, by: str, host: Host) -> Dataset:
    """Give the dataset with every `text` normalized and every `raw` as it was.

    A model that is trained on the dataset applies the same normalizations to what it is asked, in the same order.

    Args:
        dataset: its normalizations so far stay the first.
        name: of the normalization.
        by: what the changed texts are counted under.
        host: knows the normalization.

    Raises:
        WorkbenchError: no plugin registers the normalization, or see `check_idempotent`.
    """
    made = _with_texts(dataset, host.normalizer([name]))
    changed = sum(new.text != old.text for new, old in zip(made, dataset, strict=True))
    names = dataset.normalization if dataset.normalization[-1:] == (name,) else (*dataset.normalization, name)
    check_idempotent(made, names, host)
    return dataclasses.replace(made, normalization=names).counted(by, {"changed": changed})


def as_model_reads(dataset: Dataset, model: Model, host: Host) -> Dataset:
    """Give the dataset with its texts normalized as the model's predictor normalizes them.

    Raises:
        WorkbenchError: no plugin registers one of the model's normalizations, or see `check_idempotent`.
    """
    if dataset.normalization == model.normalization:
        return dataset
    made = _with_texts(dataset, host.normalizer(model.normalization, model.path))
    check_idempotent(made, model.normalization, host)
    return dataclasses.replace(made, normalization=model.normalization)


def check_idempotent(rows: Iterable[Utterance], names: Sequence[str], host: Host) -> None:
    """Check that a predictor, which normalizes every text that it is asked, leaves normalized rows as they are.

    Each normalization is idempotent, and yet a chain of them need not be.

    Raises:
        WorkbenchError: the whole chain changes a row again, so that what is measured would not be what is served.
    """
    normalize = host.normalizer(names)
    for row in rows:
        if (again := normalize(row.text)) != row.text:
            raise WorkbenchError(
                f"the normalizations {', '.join(names)} change their own result {row.text!r} to {again!r}, so that the "
                "texts of the dataset would not be those that a model is asked",
                where=row.id,
                remedy="Use the cleaners in another order, or mend the one that makes what an earlier one changes",
            )


def _with_texts(dataset: Dataset, normalize: Callable[[str], str]) -> Dataset:
    return dataset.with_rows(dataclasses.replace(row, text=normalize(row.text)) for row in dataset)
