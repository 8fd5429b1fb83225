"""A plugin for the workbench: the trainer `nearest-example`, and the runtime of its models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.api import Runtime, Trainer, hookimpl, option

FORMAT = "nearest-example"
FILE = "examples.json"


@dataclass(frozen=True)
class Options:
    """Options of a recipe's `[train]` with `use = "nearest-example"`."""

    letters: int = option(3, "length of the pieces of a text that are compared, in characters", ge=1, le=8)


@hookimpl
def trainers() -> Mapping[str, Trainer]:
    """The trainer, whose models need no export."""
    summary = "the intent of the most similar train text"
    return {FORMAT: Trainer(run="nearest_example.train:train", options=Options, summary=summary, produces=FORMAT)}


@hookimpl
def runtimes() -> Mapping[str, Runtime]:
    """The runtime, whose bundles hold one file."""
    summary = "train texts that are compared with, in pure Python"
    return {FORMAT: Runtime(run="nearest_example.predict:NearestExample", files=(FILE,), summary=summary)}
