"""The refusal of a pass that is given a model of another format than it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.components import Pass
    from workbench.nouns.model import Model


def wrong_format(given: Pass, model: Model, passes: Mapping[str, Pass]) -> WorkbenchError:
    """Make the error, with the place in the order of passes at which this one would work.

    Args:
        given: the pass.
        model: has another format than `given.consumes`.
        passes: all, by name.
    """
    name = next((name for name, each in passes.items() if each.run == given.run), "")
    formats = {name: (each.consumes, each.produces) for name, each in passes.items()}
    remedy = f"Leave it out, or give a model of the format {given.consumes}"
    if makers := [n for n, pair in formats.items() if pair == (model.format, given.consumes)]:
        remedy = f"Put the pass {makers[0]} before it"
    steps = [str(step.get("step")) for step in model.history]
    if done := [n for n in steps if formats.get(n) == (given.consumes, model.format)]:
        remedy = f"Put it before the pass {done[-1]}"
    what = f"has the format {model.format!r}, the pass {name} needs {given.consumes}"
    return WorkbenchError(what, where=model.path, remedy=remedy)
