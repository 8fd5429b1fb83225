"""What a search goes by: rows to learn from, and dev rows on which every candidate is judged."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.api import Context, Dataset, Model, Utterance, WorkbenchError
from workbench.api.engine import stream
from workbench.api.io import read_lines
from workbench.api.quality import evenly
from workbench_compress import AUGMENTER, SearchOptions
from workbench_compress.splices import splices

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FEW = 100
MOST = 4000  # rows on which a candidate is judged; more would take long and tell little
ENOUGH = 12_000  # texts to learn from; where there are fewer, some are spliced
FOR_DEV = 4  # of so many texts without labels one goes to dev
NAMED = "--use onnx,int8"  # judges nothing
REMEDY = f"Label more of them and import with a dev share, or name the passes yourself, which judges nothing: {NAMED}"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Material:
    """Rows of the search.

    Args:
        dataset: each of its dev rows has a label.
        texts: the dev texts.
        truth: the index of each one's intent, int64 [n].
        by: `labels` of people, or the uncompressed model's own `answers`.
        extra: the file of further texts that was given.
        lessons: a file of all texts beside the dataset's that cuts learn from: those of `extra`, and invented ones.
        taught: how many these are.
    """

    dataset: Dataset
    texts: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    by: Literal["labels", "answers"]
    extra: str | None = None
    lessons: str | None = None
    taught: int = 0

    @property
    def learning(self) -> Dataset:
        """What passes and trainers see: all rows but those of dev.

        Dev alone judges. A vocabulary trimmed to it would lose nothing on it, and layers or weights chosen by it would
        look better on it than they are.
        """
        return self.dataset.with_rows(row for row in self.dataset if row.split != "dev")


def gather(model: Model, options: SearchOptions, context: Context) -> Material:
    """The material from the dataset at hand, or from texts alone.

    Raises:
        WorkbenchError: there is neither, the dataset is another model's, or there are fewer than 100 rows to judge by.
    """
    import numpy as np

    dataset, extra, normalize = context.dataset, options.texts, context.host.normalizer(model.normalization)
    if dataset is None and extra is None:
        raise WorkbenchError(
            "the pass search needs real texts to measure on, and none are at hand",
            where=model.path,
            remedy="Give the training data: --data FOLDER; or texts without labels: --texts FILE",
        )
    if dataset is None:
        dataset, extra = from_texts(list(dict.fromkeys(map(normalize, read_lines(str(extra))))), model), None
    if dataset.intents != model.intents:
        raise WorkbenchError(
            f"has {len(model.intents)} intents, and the dataset {len(dataset.intents)}, others or in another order",
            where=model.path,
            remedy="Give the dataset that the model was trained on",
        )
    by: Literal["labels", "answers"] = "labels"
    if not dataset.labelled("dev"):
        dataset, by = answered(dataset, model, context), "answers"
    rows = evenly(dataset.labelled("dev"), MOST)
    if len(rows) < FEW:
        which = "dev rows" if context.dataset else f"texts, every {FOR_DEV}th of what was given,"
        raise WorkbenchError(
            f"there are {len(rows)} {which} to judge candidates by, and {FEW} are the least that tell a point apart",
            where="the pass search",
            remedy=REMEDY if context.dataset else f"Give {FEW * FOR_DEV} texts, or name the passes yourself: {NAMED}",
        )
    truth = np.array(dataset.label_ids(rows), np.int64)
    given = unseen(read_lines(extra), dataset, normalize) if extra else []
    taught = list(dict.fromkeys([*given, *unseen(invented(dataset, options, context, len(given)), dataset, normalize)]))
    return Material(
        dataset,
        tuple(row.text for row in rows),
        truth,
        by,
        written(given, context.work / "texts.txt"),
        written(taught, context.work / "lessons.txt"),
        len(taught),
    )


def invented(dataset: Dataset, options: SearchOptions, context: Context, given: int = 0) -> list[str]:
    """Texts made of train: by augmenters, and where that leaves few, the splices.

    Args:
        dataset: its train rows are taken.
        options: which, and how many.
        context: its seed decides.
        given: how many texts there are besides.

    Raises:
        UsageProblem: nobody offers an augmenter that was asked for.
    """
    rows, made = dataset.split("train"), augmented(dataset, options, context)
    room = max(0, ENOUGH - len(rows) - len(made) - given)
    spliced = splices(rows, options.splices, partial(stream, context.seed, "splices"))
    return [*made, *evenly(list(spliced), room)] if room else made


def augmented(dataset: Dataset, options: SearchOptions, context: Context) -> list[str]:
    """Texts that the named augmenters make of train.

    Raises:
        UsageProblem: nobody offers one that was asked for.
    """
    offered, rows = context.host.registry("augmenters"), dataset.split("train")
    return [
        " ".join(text.split("\n"))
        for name in options.augment
        if name in offered or name != AUGMENTER
        for _, text in offered[name](rows, partial(stream, context.seed, name), offered[name].options(), context)
    ]


def unseen(lines: Sequence[str], dataset: Dataset, normalize: Callable[[str], str]) -> list[str]:
    """Those lines that no row has: dev and test are not learned from with answers either, and train is with labels."""
    known = {row.text for row in dataset}
    return [line for line in lines if normalize(line) not in known]


def written(lines: Sequence[str], out: Path) -> str | None:
    """The file in which they stand, written unless it says so already; None without any."""
    text = "".join(f"{line}\n" for line in lines)
    if text and not (out.is_file() and out.read_bytes() == text.encode()):
        out.write_text(text, encoding="utf-8")
    return str(out) if lines else None


def from_texts(texts: Sequence[str], model: Model) -> Dataset:
    """A dataset of texts without labels, every fourth of them for dev."""
    rows = (
        Utterance(f"text-{n}", text, text, None, split="dev" if n % FOR_DEV == 0 else "train")
        for n, text in enumerate(texts)
    )
    return Dataset(model.task, model.intents, tuple(rows), normalization=model.normalization)


def answered(dataset: Dataset, model: Model, context: Context) -> Dataset:
    """The dataset with the model's own answers as the labels of dev."""
    logger.warning(
        "no dev row has a label: candidates are judged by how often they answer as the uncompressed model does. Where "
        "it is wrong itself this counts against them, and nothing is known of how good any of them is"
    )
    rows = [row for row in dataset.split("dev") if row.intents is None]
    logits = context.host.open_predictor(model).logits([row.text for row in rows]) if rows else None
    answers = {} if logits is None else {row.id: int(a) for row, a in zip(rows, logits.argmax(1), strict=True)}
    return dataset.with_rows(
        dataclasses.replace(row, intents=(model.intents[answers[row.id]],)) if row.id in answers else row
        for row in dataset
    )
