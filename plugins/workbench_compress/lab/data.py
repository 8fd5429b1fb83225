"""The data of a search: rows to learn from, and dev rows on which every candidate is judged."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from workbench.api import Context, Dataset, Model, Utterance, WorkbenchError
from workbench.api.io import read_lines
from workbench.api.quality import evenly
from workbench_compress.lab.unlabelled_texts import made_texts, unseen
from workbench_compress.options import SearchOptions

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FEW = 100
MOST = 4000  # rows on which a candidate is judged; more would take long and tell little
FOR_DEV = 4  # one of so many unlabelled texts goes to dev
LabelledBy = Literal["people", "baseline"]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SearchData:
    """Rows of a search.

    Args:
        dataset: each of its dev rows has a label.
        texts: the dev texts.
        truth: the index of each one's intent, int64 [n].
        labelled_by: people, or the baseline model itself.
        background: the file of further texts that the user gave.
        unlabelled: a file of all texts beside the dataset's from which pruned models learn: those of `background`, and
            made ones.
        unlabelled_count: how many these are.
    """

    dataset: Dataset
    texts: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    labelled_by: LabelledBy
    background: str | None = None
    unlabelled: str | None = None
    unlabelled_count: int = 0

    @property
    def learning(self) -> Dataset:
        """What passes and trainers see: all rows but those of dev.

        Dev alone judges. A vocabulary trimmed to it would lose nothing on it, and layers or weights chosen by it would
        look better on it than they are.
        """
        return self.dataset.with_rows(row for row in self.dataset if row.split != "dev")

    @property
    def training_rows(self) -> int:
        """Rows and texts of an epoch."""
        return len(self.dataset.split("train")) + self.unlabelled_count


def gather(model: Model, options: SearchOptions, context: Context, use: str) -> SearchData:
    """Gather the data from the dataset at hand, or from texts alone.

    Args:
        model: the baseline model.
        options: of the search.
        context: with the dataset.
        use: passes that compress without judging, for a remedy: `--use a,b`.

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
    labelled_by: LabelledBy = "people"
    if not dataset.labelled("dev"):
        dataset, labelled_by = labelled_by_model(dataset, model, context), "baseline"
    rows = evenly(dataset.labelled("dev"), MOST)
    check_count(len(rows), use, texts_alone=context.dataset is None)
    background = unseen(read_lines(extra), dataset, normalize) if extra else []
    made = unseen(made_texts(dataset, options, context, len(background)), dataset, normalize)
    unlabelled = list(dict.fromkeys([*background, *made]))
    return SearchData(
        dataset,
        tuple(row.text for row in rows),
        np.array(dataset.label_ids(rows), np.int64),
        labelled_by,
        write_lines(background, context.work / "background.txt"),
        write_lines(unlabelled, context.work / "unlabelled.txt"),
        len(unlabelled),
    )


def check_count(rows: int, use: str, *, texts_alone: bool) -> None:
    """Raise where there are too few rows to judge by."""
    if rows >= FEW:
        return
    which = f"texts, every {FOR_DEV}th of what was given," if texts_alone else "dev rows"
    more = f"Give {FEW * FOR_DEV} texts, or" if texts_alone else "Label more of them and import with a dev share, or"
    raise WorkbenchError(
        f"there are {rows} {which} to judge candidates by, and {FEW} are the least that tell a point apart",
        where="the pass search",
        remedy=f"{more} name the passes yourself, which judges nothing: {use}",
    )


def write_lines(lines: Sequence[str], out: Path) -> str | None:
    """Write the lines into a file, unless it holds them already; None without any."""
    text = "".join(f"{line}\n" for line in lines)
    if text and not (out.is_file() and out.read_bytes() == text.encode()):
        out.write_text(text, encoding="utf-8")
    return str(out) if lines else None


def from_texts(texts: Sequence[str], model: Model) -> Dataset:
    """Make a dataset of texts without labels, every fourth of them for dev."""
    rows = (
        Utterance(f"text-{n}", text, text, None, split="dev" if n % FOR_DEV == 0 else "train")
        for n, text in enumerate(texts)
    )
    return Dataset(model.task, model.intents, tuple(rows), normalization=model.normalization)


def labelled_by_model(dataset: Dataset, model: Model, context: Context) -> Dataset:
    """Label the dev rows with the model's own predictions."""
    logger.warning(
        "no dev row has a label: candidates are judged by how often they predict as the baseline model does. Where it "
        "is wrong itself this counts against them, and nothing is known of how good any of them is"
    )
    rows = [row for row in dataset.split("dev") if row.intents is None]
    logits = context.host.open_predictor(model).logits([row.text for row in rows]) if rows else None
    found = {} if logits is None else {row.id: int(n) for row, n in zip(rows, logits.argmax(1), strict=True)}
    return dataset.with_rows(
        dataclasses.replace(row, intents=(model.intents[found[row.id]],)) if row.id in found else row for row in dataset
    )
