"""Compare predictors: parity, batch invariance, samples of rows."""

from __future__ import annotations

from workbench.quality.invariance import TOLERANCE, Invariance, batch_invariance
from workbench.quality.parity import compare, real_texts
from workbench.quality.parity_check import ParityLimit, check_parity
from workbench.quality.samples import evenly

__all__ = [
    "TOLERANCE",
    "Invariance",
    "ParityLimit",
    "batch_invariance",
    "check_parity",
    "compare",
    "evenly",
    "real_texts",
]
