"""Fixtures of the tests of compression."""

from __future__ import annotations

from tests.compress.harness import searching as searching
