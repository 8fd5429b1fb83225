"""Teachers, and the mean of their softened probabilities."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from workbench.api import Context, Intent, Predictor, WorkbenchError
from workbench.api.io import digest_folder
from workbench.api.serving import open_any

FILE = "logits.safetensors"
SHOWN_INTENTS = 3
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Teacher:
    """A model of any format with the dataset's intents.

    Args:
        predictor: gives its logits.
        digest: sha256 of the model's folder.
    """

    predictor: Predictor
    digest: str

    def logits(self, texts: Sequence[str]) -> Tensor:
        """float32 [n, intents].

        Raises:
            WorkbenchError: a logit is not finite.
        """
        logits = torch.from_numpy(self.predictor.logits(texts))
        if not logits.isfinite().all():
            raise WorkbenchError("answers with logits that are not finite numbers", where=self.predictor.model.path)
        return logits


def open_teachers(names: Sequence[str], intents: tuple[Intent, ...], context: Context) -> list[Teacher]:
    """The teachers that the options name.

    Raises:
        WorkbenchError: none is named, one is no model, or has other intents than the dataset.
    """
    if not names:
        raise WorkbenchError(
            "distil has no teacher", where="teachers", remedy='Name a trained model: teachers = ["run"]'
        )
    teachers = []
    for name in names:
        path = Path(name).expanduser()
        predictor = open_any(path, context.host)
        check_intents_equal(predictor.model.intents, intents, path)
        teachers.append(Teacher(predictor, digest_folder(predictor.model.path)))
    return teachers


def check_intents_equal(found: tuple[Intent, ...], wanted: tuple[Intent, ...], where: Path) -> None:
    """Raise unless a model has the dataset's intents in their order."""
    if found == wanted:
        return
    missing = [str(intent) for intent in wanted if intent not in found]
    foreign = [str(intent) for intent in found if intent not in wanted]
    parts = [
        f"{words} {', '.join(names[:SHOWN_INTENTS])}" + (" …" if len(names) > SHOWN_INTENTS else "")
        for words, names in (("it does not know", missing), ("the dataset does not know", foreign))
        if names
    ]
    raise WorkbenchError(
        f"has other intents than the dataset ({'; '.join(parts) or 'they are the same in another order'})",
        where=where,
        remedy="Take a model that was trained on this dataset",
    )


def soft_targets(teachers: Sequence[Teacher], texts: Sequence[str], temperature: float, context: Context) -> Tensor:
    """Probabilities float32 [n, intents]: the mean over the teachers of softmax(logits / temperature).

    Each teacher's logits are cached, so that a training that was killed does not compute them again.
    """
    total: Tensor | None = None
    for number, teacher in enumerate(teachers, 1):

        def make(folder: Path, number: int = number, teacher: Teacher = teacher) -> None:
            logger.info("teacher %d of %d answers %d texts", number, len(teachers), len(texts))
            save_file({"logits": teacher.logits(texts)}, folder / FILE)

        folder = context.cache("teacher-logits", {"teacher": teacher.digest, "texts": list(texts)}, make)
        probabilities = functional.softmax(load_file(folder / FILE)["logits"] / temperature, dim=1)
        total = probabilities if total is None else total + probabilities
    assert total is not None
    return total / len(teachers)
