"""Votes of several annotators, and texts to review."""

from __future__ import annotations

from workbench.engine.summary import Summary
from workbench.nouns.review_pool import PoolRow, ReviewPool, Selected, predict_pool, rows_needed
from workbench.nouns.vote import Ballot, Consolidated, Outcome, Vote, Votes

__all__ = [
    "Ballot",
    "Consolidated",
    "Outcome",
    "PoolRow",
    "ReviewPool",
    "Selected",
    "Summary",
    "Vote",
    "Votes",
    "predict_pool",
    "rows_needed",
]
