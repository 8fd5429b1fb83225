"""Measurements, run by hand: `python -m tests.benchmarks.NAME`. Each writes a JSON and goes on from it."""
