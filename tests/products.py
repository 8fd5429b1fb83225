"""Parameters of tests: the suite takes pairs from a product that tests/benchmarks/products.py takes whole."""

from __future__ import annotations

FULL = False  # that benchmark sets it before the tests are imported
