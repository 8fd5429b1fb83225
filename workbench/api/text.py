"""Normalize and compare texts."""

from __future__ import annotations

from workbench.text.normalization import normalize, text_key, well_formed
from workbench.text.words import HAN, joined, words_of

__all__ = ["HAN", "joined", "normalize", "text_key", "well_formed", "words_of"]
