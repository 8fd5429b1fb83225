"""Check that the gate accepted a bundle."""

from __future__ import annotations

import dataclasses

from workbench.api import Bundle, Figure, GateRefused, WorkbenchError


def check_gate(bundle: Bundle) -> None:
    """Check that the gate accepted a bundle.

    Raises:
        GateRefused: the gate refused the bundle; with the budgets that the bundle breaks.
        WorkbenchError: no gate has checked the bundle.
    """
    if bundle.gate is None:
        raise WorkbenchError(
            "no gate has checked this bundle",
            where=bundle.path,
            remedy="Add [gate] to the recipe and run the recipe again, or skip this check with --ungated",
        )
    if not bundle.accepted:
        names = [field.name for field in dataclasses.fields(Figure)]
        figures = [Figure(*(figure[name] for name in names)) for figure in bundle.gate["figures"]]
        broken = "; ".join(str(figure) for figure in figures if not figure.kept) or "no figures are recorded"
        raise GateRefused(
            f"the gate refused this bundle: {broken}",
            where=bundle.path,
            remedy="Loosen the budget in [gate], or compress less; --ungated skips this check",
        )
