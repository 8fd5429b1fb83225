"""The pass `prune-ffn`: the same smaller number of neurons in every layer's feed-forward part."""

from __future__ import annotations

import logging
from pathlib import Path

from workbench.api import Context, Model, UsageProblem, WorkbenchError
from workbench_prune.families import check_family, layers, set_width
from workbench_prune.importance import fisher_figures, fisher_note, measure
from workbench_prune.options import FfnOptions
from workbench_prune.projection import keep_rows, narrow
from workbench_prune.rows import measurement_rows
from workbench_prune.selection import select
from workbench_prune.trained_model import open_trained, write_model

NAME = "prune-ffn"
STEP = 32  # neurons; int8 kernels work on blocks of so many
logger = logging.getLogger(__name__)


def prune_ffn(model: Model, out: Path, options: FfnOptions, context: Context) -> Model:
    """Write the model with the most important neurons of each layer into `out`.

    Raises:
        WorkbenchError: the model is no trained torch model of a known architecture, or there are no rows.
        UsageProblem: the width is no multiple of 32, or larger than what there is.
    """
    classifier = open_trained(model, NAME)
    check_family(classifier.encoder, NAME, model.path)
    parts = layers(classifier.encoder)
    before = parts[0].rise.out_features
    width = width_of(options, before)
    fisher = options.measure == "fisher"
    rows = measurement_rows(model, classifier, ("train",), options, NAME, context, labels=fisher)
    moments = measure(classifier, rows, [layer.fall for layer in parts], before, fisher=fisher)
    shares = []
    for layer, seen in zip(parts, moments, strict=True):
        kept = select(layer.fall, seen, width, options.measure)
        shares.append(seen.kept(kept))
        narrow(layer.fall, kept, seen.moments if options.correct else None)
        keep_rows(layer.rise, kept)
    set_width(classifier.encoder.config, width)
    count = sum(len(batch.labels) for batch in rows)
    logger.info(
        "%d of %d neurons of each of %d layers stay, by %d rows%s",
        width,
        before,
        len(parts),
        count,
        fisher_note(shares),
    )
    figures = {"before": before, "width": width, "rows": count, **fisher_figures(shares)}
    return write_model(model, classifier, out, NAME, options, figures)


def width_of(options: FfnOptions, before: int) -> int:
    """How many neurons stay.

    Raises:
        WorkbenchError: there are fewer than 32 to begin with.
        UsageProblem: it is not a multiple of 32, or more than what there is.
    """
    if before < STEP:
        raise WorkbenchError(f"a layer has {before} neurons, and {STEP} are the least", remedy=f"Leave out {NAME}")
    most = before // STEP * STEP
    if options.width is None:
        return max(STEP, min(most, round(options.share * before / STEP) * STEP))
    if options.width > before:
        raise UsageProblem(
            f"is {options.width}, and a layer has {before} neurons",
            where=f"{NAME}.width",
            remedy=f"Give at most {most}",
        )
    if options.width % STEP:
        lower = max(STEP, options.width // STEP * STEP)
        raise UsageProblem(
            f"is {options.width}, no multiple of {STEP}",
            where=f"{NAME}.width",
            remedy=f"Give {lower}" + (f" or {lower + STEP}" if lower < most else ""),
        )
    return options.width
