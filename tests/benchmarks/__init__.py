"""Measurements, run by hand: `python -m tests.benchmarks.NAME`. Each writes results/NAME.json and goes on where it stopped."""
