"""Normalize and compare texts."""

from __future__ import annotations

from workbench.stages.normalization import as_model_reads, normalize_rows
from workbench.text.normalization import INVISIBLE, text_key, well_formed
from workbench.text.words import HAN, joined, words_of

__all__ = [
    "HAN",
    "INVISIBLE",
    "as_model_reads",
    "joined",
    "normalize_rows",
    "text_key",
    "well_formed",
    "words_of",
]
