"""Describe this machine: cores, CPU features."""

from __future__ import annotations

from workbench.machine import cores, cpu_features, describe, in_words, multiplies_bfloat16, sums_int8_exactly

__all__ = ["cores", "cpu_features", "describe", "in_words", "multiplies_bfloat16", "sums_int8_exactly"]
