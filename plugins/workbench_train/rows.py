"""Rows of a dataset as a trainer reads them, and the checks of the dataset."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.api import Dataset, Model, WorkbenchError


@dataclass(frozen=True)
class Examples:
    """Labelled rows as the network reads them.

    Args:
        ids: token ids of each row.
        labels: the index of each row's intent.
    """

    ids: list[list[int]]
    labels: list[int]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class TrainingData:
    """Rows of a training.

    Args:
        train: the rows to learn.
        dev: the rows that decide when to stop and which weights are kept; without any, the last weights are.
    """

    train: Examples
    dev: Examples


def examples(dataset: Dataset, split: str, model: Model) -> Examples:
    """The labelled rows of a split, tokenized as `model` will when it serves."""
    rows = dataset.labelled(split)
    return Examples(model.encode([row.text for row in rows]), dataset.label_ids(rows))


def check_intents(dataset: Dataset) -> None:
    """Raise unless the task is `intent` and there are two intents to tell apart."""
    if dataset.task != "intent":
        raise WorkbenchError(
            f"this trainer learns the task 'intent', the dataset's is {dataset.task!r}",
            remedy="Choose a trainer that lists the task: workbench plugins",
        )
    if len(dataset.intents) < 2:
        names = f" ({dataset.intents[0]})" if dataset.intents else ""
        raise WorkbenchError(
            f"the dataset has {len(dataset.intents)} intent{names}, and two are needed",
            remedy="Import rows of another intent",
        )


def check_train_rows(dataset: Dataset) -> None:
    """Raise unless every intent has a train row."""
    check_intents(dataset)
    rows = dataset.labelled("train")
    if not rows:
        raise WorkbenchError(
            "the train split has no labelled row",
            remedy="Give a source a split with train in it: split = { train = 0.9, dev = 0.1 }",
        )
    seen = {row.intent for row in rows}
    missing = [str(intent) for intent in dataset.intents if intent not in seen]
    if missing:
        raise WorkbenchError(
            f"no train row has the intent {', '.join(missing)}",
            remedy="Label some, give train a larger share, or leave the intent out of the import",
        )
