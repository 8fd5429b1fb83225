"""The parity check after an export, a fusion or a quantization: compare the output model with the input model."""

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

TEXT_WIDTH = 80  # characters of a text in an error
Texts = tuple[str, list[str]]  # origin of the texts, such as "dev", and the texts
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ParityLimit:
    """Largest allowed difference between the input and the output model of a pass, and the words of its error.

    Args:
        tolerance: largest difference of a logit, and of an embedding's component.
        subject: name of the output model, such as "the fused graph".
        baseline: words of the error for the compared logits, such as "torch's".
        remedy: remedy of the error, a sentence without its full stop.
        embeddings: whether embeddings count too.
    """

    tolerance: float
    subject: str
    baseline: str
    remedy: str
    embeddings: bool = True


def check_parity(
    input_model: Model, output_model: Model, texts: Texts, context: Context, limit: ParityLimit | None = None
) -> dict[str, Any]:
    """Compare the input and the output model of a pass, both as served, and log the difference.

    Args:
        input_model: the input model.
        output_model: the output model, with its tokenizer.
        texts: origin of the texts, and at least one text.
        context: context with the host, which opens the predictors, and with the log.
        limit: largest allowed difference; None = measure only.

    Returns:
        The entry `parity` of the history step, see `Parity.note`.

    Raises:
        WorkbenchError: a difference is larger than the limit, or is NaN.
    """
    origin, rows = texts
    parity = compare(context.host.open_predictor(input_model), context.host.open_predictor(output_model), rows)
    logger.info("parity on %d texts of %s: %s", parity.rows, origin, parity)
    context.log({"agreement": parity.agreement, "max_logit_difference": parity.max_logit_difference}, 1)
    if limit is not None and not parity.within(limit.tolerance, embeddings=limit.embeddings):
        others = f" and its embeddings by {parity.max_embedding_difference:.2g}" if limit.embeddings else ""
        raise WorkbenchError(
            f"{limit.subject}'s logits differ from {limit.baseline} by up to {parity.max_logit_difference:.2g}"
            f"{others}, but the tolerance is {limit.tolerance:g}; the worst text is "
            f"{textwrap.shorten(parity.worst, TEXT_WIDTH)!r}",
            where=input_model.path,
            remedy=limit.remedy,
        )
    return parity.note(origin)
