"""Whether the gate lets a bundle be served."""

from __future__ import annotations

import dataclasses

from workbench.api import Bundle, Figure, GateRefused, WorkbenchError


def check_gate(bundle: Bundle) -> None:
    """Raise unless the gate accepted the bundle.

    Raises:
        GateRefused: the gate refused it; with the budgets that it breaks.
        WorkbenchError: the gate never judged it.
    """
    if bundle.gate is None:
        raise WorkbenchError(
            "the gate never judged this bundle",
            where=bundle.path,
            remedy="Give the recipe a [gate] and run it, or serve it all the same with --ungated",
        )
    if not bundle.accepted:
        names = [field.name for field in dataclasses.fields(Figure)]
        figures = [Figure(*(figure[name] for name in names)) for figure in bundle.gate["figures"]]
        broken = "; ".join(str(figure) for figure in figures if not figure.kept) or "no figures are given"
        raise GateRefused(
            f"the gate refused this bundle: {broken}",
            where=bundle.path,
            remedy="Train or compress it otherwise, or serve it all the same with --ungated",
        )
