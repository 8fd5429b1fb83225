"""The pass `drop-layers`: whole layers are left out.

Sajjad et al. 2023 (arXiv 2004.03844) find that dropping layers of a fine-tuned encoder rivals a distilled one; which
ones can go is measured here.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from workbench.api import Context, Model, UsageProblem
from workbench.api.torch import IntentClassifier
from workbench_prune.families import check_family, stack
from workbench_prune.options import LayersOptions
from workbench_prune.rows import Batch, measurement_rows
from workbench_prune.trained_model import open_trained, write_model

NAME = "drop-layers"
logger = logging.getLogger(__name__)


def drop_layers(model: Model, out: Path, options: LayersOptions, context: Context) -> Model:
    """Write the model with fewer layers into `out`.

    Raises:
        WorkbenchError: the model is no trained torch model of a known architecture, or there are no rows to choose by.
        UsageProblem: `keep` names layers that are not there, or more are to stay than there are.
    """
    classifier = open_trained(model, NAME)
    check_family(classifier.encoder, NAME, model.path)
    before = len(stack(classifier.encoder).layer)
    losses: list[float] = []
    if options.keep is not None:
        kept = parse_keep(options.keep, before)
    else:
        count = count_of(options, before)
        if options.choose == "evenly":
            kept = evenly_spaced(before, count)
        else:
            rows = measurement_rows(model, classifier, ("dev", "train"), options, NAME, context, labels=True)
            kept, losses = least_missed(classifier, count, rows)
    keep_layers(classifier.encoder, kept)
    logger.info(
        "layers %s of %d stay%s",
        ", ".join(map(str, kept)),
        before,
        f"; loss {losses[0]:.3f} before and {losses[-1]:.3f} after" if losses else "",
    )
    figures = {"before": before, "kept": kept, "losses": [round(loss, 4) for loss in losses]}
    return write_model(model, classifier, out, NAME, options, figures)


def count_of(options: LayersOptions, before: int) -> int:
    """How many layers stay.

    Raises:
        UsageProblem: more than there are.
    """
    count = options.layers if options.layers is not None else (before + 1) // 2
    if count > before:
        raise UsageProblem(
            f"is {count}, and there are {before} layers", where=f"{NAME}.layers", remedy=f"Give less than {before}"
        )
    return count


def parse_keep(text: str, before: int) -> list[int]:
    """The numbers of the layers that stay, in ascending order.

    Raises:
        UsageProblem: one is no number of a layer, or none is named.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    wrong = [word for word in words if not (word.isascii() and word.isdecimal() and int(word) < before)]
    if wrong or not words:
        what = f"names {', '.join(wrong)}, which is no layer" if wrong else "names no layer"
        raise UsageProblem(
            what, where=f"{NAME}.keep", remedy=f"Give numbers from 0 to {before - 1}, as in 0,{before - 1}"
        )
    return sorted({int(word) for word in words})


def evenly_spaced(before: int, count: int) -> list[int]:
    """Layers at even distances, the first and the last among them; a single one is the first."""
    return [round(number * (before - 1) / max(1, count - 1)) for number in range(count)]


def least_missed(classifier: IntentClassifier, count: int, rows: Sequence[Batch]) -> tuple[list[int], list[float]]:
    """The layers that stay when again and again the one goes without which the loss is least; and the losses.

    Args:
        classifier: is left as it was.
        count: how many stay.
        rows: where the loss is measured.

    Returns:
        Their numbers, and the loss with all layers and after each one that went.
    """
    holder = stack(classifier.encoder)
    blocks = list(holder.layer)
    kept, losses = list(range(len(blocks))), [loss_of(classifier, rows)]

    def without(number: int) -> float:
        holder.layer = nn.ModuleList(blocks[other] for other in kept if other != number)
        return loss_of(classifier, rows)

    while len(kept) > count:
        loss, gone = min((without(number), number) for number in kept)
        kept.remove(gone)
        losses.append(loss)
    holder.layer = nn.ModuleList(blocks)
    return kept, losses


def loss_of(classifier: IntentClassifier, rows: Sequence[Batch]) -> float:
    """The mean cross-entropy on the rows."""
    with torch.inference_mode():
        total = sum(
            float(functional.cross_entropy(classifier.logits(batch.ids, batch.mask), batch.labels, reduction="sum"))
            for batch in rows
        )
    return total / sum(len(batch.labels) for batch in rows)


def keep_layers(encoder: Any, kept: Sequence[int]) -> None:
    """Keep these layers, and what the configuration says of them."""
    holder, config = stack(encoder), encoder.config
    holder.layer = nn.ModuleList(holder.layer[number] for number in kept)
    config.num_hidden_layers = len(kept)
    pruned = {new: config.pruned_heads.get(old, []) for new, old in enumerate(kept)}
    config.pruned_heads = {number: heads for number, heads in pruned.items() if heads}
