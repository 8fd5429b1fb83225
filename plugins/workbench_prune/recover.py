"""The pass `recover`: a trainer that distils, with the pruned model as student and the uncompressed one as teacher."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from workbench.api import MODEL_FILE as ABOUT
from workbench.api import Context, Model, WorkbenchError, as_json, parse_options
from workbench.api.io import read_json
from workbench_prune.options import RecoverOptions
from workbench_prune.rows import dataset_of
from workbench_prune.trained_model import check_trained

NAME = "recover"
SIZES = ("hidden_size", "dim")  # of hidden states, as BERT's kin and DistilBERT call it
logger = logging.getLogger(__name__)


def recover(model: Model, out: Path, options: RecoverOptions, context: Context) -> Model:
    """Write the trained student into `out`.

    Raises:
        WorkbenchError: the model is no trained torch model, there is nothing to learn from or no teacher but the model
            itself, or no plugin brings a trainer that distils.
    """
    check_trained(model, NAME)
    dataset = dataset_of(model, NAME, context, "extra", options.extra)
    teacher = teacher_of(model, options, context)
    trainers = context.host.registry("trainers")
    trainer = trainers[trainers.first("distils")]
    if context.dataset is None:
        logger.warning("%s: without a dataset only the teacher's answers are learned, which is weaker", NAME)
    values = {**as_json(options), "student": str(model.path), "teachers": (str(teacher),)}
    del values["teacher"]
    if options.hidden_weight and not alike(model.path, teacher):
        logger.info("%s: the teacher's hidden states are not of the student's kind, and are not learned", NAME)
        values["hidden_weight"] = 0.0
    made: Any = trainer(dataset, out, parse_options(trainer.options, values, NAME), context)
    return made  # type: ignore[no-any-return]


def alike(student: Path, teacher: Path) -> bool:
    """Whether the teacher is a torch model whose hidden states have the size of the student's."""
    if not (teacher / ABOUT).is_file() or Model.load(teacher).format != "torch":
        return False
    one, other = (read_json(path / "config.json") for path in (student, teacher))
    return any(one.get(name) == other.get(name) is not None for name in SIZES)


def teacher_of(model: Model, options: RecoverOptions, context: Context) -> Path:
    """Where the teacher is.

    Raises:
        WorkbenchError: none is at hand, or it is the model itself.
    """
    known = None if context.baseline is None else context.baseline.path
    where = known if options.teacher is None else Path(options.teacher).expanduser()
    if where is None or where.resolve() == model.path.resolve():
        what = "none is at hand" if where is None else "it is the model that is to learn from it"
        raise WorkbenchError(
            f"the pass {NAME} needs the uncompressed model as teacher, and {what}",
            where=model.path,
            remedy=f"Put a pass that prunes before it, or name the teacher: --{NAME}.teacher MODEL",
        )
    return where
