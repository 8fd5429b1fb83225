"""The pass `prune-heads`: the same smaller number of attention heads in every layer."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from workbench.api import Context, Model, UsageProblem
from workbench_prune.families import check_family, layers
from workbench_prune.importance import fisher_figures, fisher_note, measure
from workbench_prune.options import HeadsOptions
from workbench_prune.projection import fitted
from workbench_prune.rows import measurement_rows
from workbench_prune.selection import select
from workbench_prune.trained_model import open_trained, write_model

NAME = "prune-heads"
logger = logging.getLogger(__name__)


def prune_heads(model: Model, out: Path, options: HeadsOptions, context: Context) -> Model:
    """Write the model with the most important heads of each layer into `out`.

    `config.json` lists the missing heads as `pruned_heads`, by which transformers 4 opens the folder.

    Raises:
        WorkbenchError: the model is no trained torch model of a known architecture, or there are no rows.
        UsageProblem: more heads are to stay than there are.
    """
    classifier = open_trained(model, NAME)
    encoder = classifier.encoder
    check_family(encoder, NAME, model.path)
    parts = layers(encoder)
    before = parts[0].heads
    count = options.heads if options.heads is not None else max(1, before // 2)
    if count > before:
        raise UsageProblem(
            f"is {count}, and a layer has {before} heads", where=f"{NAME}.heads", remedy=f"Give less than {before}"
        )
    fisher = options.measure == "fisher"
    rows = measurement_rows(model, classifier, ("train",), options, NAME, context, labels=fisher)
    moments = measure(classifier, rows, [layer.values for layer in parts], before, fisher=fisher)
    kept = [select(layer.values, seen, count, options.measure) for layer, seen in zip(parts, moments, strict=True)]
    shares = [seen.kept(heads) for seen, heads in zip(moments, kept, strict=True)]
    fits = [
        fitted(layer.values, columns(heads, layer), seen.moments) if options.correct else None
        for layer, seen, heads in zip(parts, moments, kept, strict=True)
    ]
    leave_out(encoder, kept, before)
    for layer, fit in zip(layers(encoder), fits, strict=True):
        if fit is not None:
            layer.values.weight, layer.values.bias = map(nn.Parameter, fit)
    total = sum(len(batch.labels) for batch in rows)
    logger.info(
        "%d of %d heads of each of %d layers stay, by %d rows%s",
        count,
        before,
        len(parts),
        total,
        fisher_note(shares),
    )
    figures = {"before": before, "heads": count, "rows": total, **fisher_figures(shares)}
    return write_model(model, classifier, out, NAME, options, figures)


def columns(heads: Tensor, layer: Any) -> Tensor:
    """The columns of the projection behind the heads that are theirs."""
    size = layer.values.in_features // layer.heads
    numbers: Tensor = (heads[:, None] * size + torch.arange(size)).flatten()
    return numbers


def leave_out(encoder: Any, kept: list[Tensor], before: int) -> None:
    """Prune all heads but the kept ones; transformers counts heads as they were before any were pruned."""
    config, leaving = encoder.config, {}
    for number, heads in enumerate(kept):
        gone = set(config.pruned_heads.get(number, []))
        alive = [head for head in range(config.num_attention_heads) if head not in gone]
        leaving[number] = sorted({alive[head] for head in range(before)} - {alive[head] for head in heads.tolist()})
    encoder.prune_heads(leaving)
    config.pruned_heads = {number: sorted(heads) for number, heads in sorted(config.pruned_heads.items()) if heads}
