"""The pass `prune-ffn`: the same smaller number of neurons in every layer's feed-forward part."""

from __future__ import annotations

import logging
from pathlib import Path

from workbench.api import Context, Model, UsageProblem, WorkbenchError
from workbench_prune.families import check_family, layers
from workbench_prune.moments import input_moments
from workbench_prune.options import FfnOptions
from workbench_prune.projection import keep_rows, narrow
from workbench_prune.rows import measurement_rows
from workbench_prune.selection import irreplaceable
from workbench_prune.space import BLOCK, FAMILIES
from workbench_prune.trained_model import open_trained, write_model

NAME = "prune-ffn"
logger = logging.getLogger(__name__)


def prune_ffn(model: Model, out: Path, options: FfnOptions, context: Context) -> Model:
    """Write the model with those neurons of each layer into `out` that the others cannot stand in for.

    Raises:
        WorkbenchError: the model is no trained torch model of a known architecture, or there are no rows.
        UsageProblem: the width is no multiple of 32, or larger than what there is.
    """
    classifier = open_trained(model)
    check_family(classifier.encoder, NAME, model.path)
    parts = layers(classifier.encoder)
    before = parts[0].rise.out_features
    width = width_of(options, before)
    rows = measurement_rows(model, classifier, ("train",), options, NAME, context, labels=False)
    moments = input_moments(classifier, rows, [layer.fall for layer in parts])
    for layer, seen in zip(parts, moments, strict=True):
        kept = irreplaceable(layer.fall, seen, before, width)
        narrow(layer.fall, kept, seen if options.correct else None)
        keep_rows(layer.rise, kept)
    *_, key = FAMILIES[classifier.encoder.config.model_type]
    setattr(classifier.encoder.config, key, width)
    count = sum(len(batch.labels) for batch in rows)
    logger.info("%d of %d neurons of each of %d layers stay, by %d rows", width, before, len(parts), count)
    return write_model(model, classifier, out, NAME, options, {"before": before, "width": width, "rows": count})


def width_of(options: FfnOptions, before: int) -> int:
    """How many neurons stay.

    Raises:
        WorkbenchError: there are fewer than 32 to begin with.
        UsageProblem: it is not a multiple of 32, or more than what there is.
    """
    if before < BLOCK:
        raise WorkbenchError(f"a layer has {before} neurons, and {BLOCK} are the least", remedy=f"Leave out {NAME}")
    most = before // BLOCK * BLOCK
    if options.width is None:
        return max(BLOCK, min(most, round(options.share * before / BLOCK) * BLOCK))
    if options.width > before:
        raise UsageProblem(
            f"is {options.width}, and a layer has {before} neurons",
            where=f"{NAME}.width",
            remedy=f"Give at most {most}",
        )
    if options.width % BLOCK:
        lower = max(BLOCK, options.width // BLOCK * BLOCK)
        raise UsageProblem(
            f"is {options.width}, no multiple of {BLOCK}",
            where=f"{NAME}.width",
            remedy=f"Give {lower}" + (f" or {lower + BLOCK}" if lower < most else ""),
        )
    return options.width
