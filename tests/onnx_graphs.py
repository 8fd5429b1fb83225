"""What tests of passes on graphs share: one pass applied, and the nodes that it leaves."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

import onnx

from workbench.context import Context
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.options import parse_options


def apply_pass(
    name: str, model: Model, out: Path, context: Context, dataset: Dataset | None = None, **options: Any
) -> Model:
    """What the pass of that name makes of a model, with options as a recipe gives them."""
    component = context.host.registry("passes")[name]
    made: Model = component(
        model, out, parse_options(component.options, options, "compress"), dataclasses.replace(context, dataset=dataset)
    )
    return made


def graph_of(model: Model) -> onnx.GraphProto:
    """The model's graph."""
    return onnx.load(model.path / "model.onnx").graph


def operators(model: Model) -> Counter[str]:
    """How many nodes of each operator its graph has."""
    return Counter(node.op_type for node in graph_of(model).node)
