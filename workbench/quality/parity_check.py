"""The parity check after an export, a fusion or a quantization: the new model beside the one that it was made from."""

from __future__ import annotations

import logging
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError
from workbench.quality.parity import compare

if TYPE_CHECKING:
    from workbench.context import Context
    from workbench.nouns.model import Model

TEXT_WIDTH = 80  # characters of a text that an error shows
Texts = tuple[str, list[str]]  # where the texts come from, such as "dev", and the texts
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ParityLimit:
    """The largest difference that a pass may make.

    Args:
        tolerance: largest difference of a logit, and of an embedding's component.
        subject: the new model, such as "the fused graph".
        baseline: whose logits it is compared with, such as "torch's".
        remedy: what the user can do, a sentence without its full stop.
        embeddings: whether embeddings count too.
    """

    tolerance: float
    subject: str
    baseline: str
    remedy: str
    embeddings: bool = True


def check_parity(
    given: Model, made: Model, texts: Texts, context: Context, limit: ParityLimit | None = None
) -> dict[str, Any]:
    """Compare a model with the one that it was made from, both as they are served, and log the difference.

    Args:
        given: the model that the pass was given.
        made: the model that the pass made, with its tokenizer.
        texts: where they come from, and the texts, at least one.
        context: opens the predictors.
        limit: None = the difference is only measured.

    Returns:
        The difference as the history notes it, see `Parity.note`.

    Raises:
        WorkbenchError: a difference is larger than the limit, or is no number.
    """
    origin, rows = texts
    parity = compare(context.host.open_predictor(given), context.host.open_predictor(made), rows)
    logger.info("parity on %d texts of %s: %s", parity.rows, origin, parity)
    context.log({"agreement": parity.agreement, "max_logit_difference": parity.max_logit_difference}, 1)
    if limit is not None and not parity.within(limit.tolerance, embeddings=limit.embeddings):
        others = f" and its embeddings {parity.max_embedding_difference:.2g}" if limit.embeddings else ""
        raise WorkbenchError(
            f"{limit.subject}'s logits are up to {parity.max_logit_difference:.2g} from {limit.baseline}{others}, "
            f"tolerance {limit.tolerance:g}; most for the text {textwrap.shorten(parity.worst, TEXT_WIDTH)!r}",
            where=given.path,
            remedy=limit.remedy,
        )
    return parity.note(origin)
