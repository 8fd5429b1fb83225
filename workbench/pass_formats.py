"""The error for a pass whose input model has the wrong format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.components import Pass
    from workbench.nouns.model import Model


def wrong_format(given: Pass, model: Model, passes: Mapping[str, Pass]) -> WorkbenchError:
    """Make the error; its remedy names the position in the order of passes where the pass would work.

    Args:
        given: the pass.
        model: the input model, whose format is not `given.consumes`.
        passes: all passes by name.
    """
    name = next((name for name, each in passes.items() if each.run == given.run), "")
    formats = {name: (each.consumes, each.produces) for name, each in passes.items()}
    remedy = f"Remove the pass {name}, or use a model of the format {given.consumes}"
    if makers := [n for n, pair in formats.items() if pair == (model.format, given.consumes)]:
        remedy = f"Add the pass {makers[0]} before the pass {name}"
    steps = [str(step.get("step")) for step in model.history]
    if done := [n for n in steps if formats.get(n) == (given.consumes, model.format)]:
        remedy = f"Move the pass {name} before the pass {done[-1]}"
    what = f"has the format {model.format!r}, the pass {name} needs {given.consumes}"
    return WorkbenchError(what, where=model.path, remedy=remedy)
