"""Helpers for verbs on the command line."""

from __future__ import annotations

from workbench.cli.data_verbs import import_rows
from workbench.cli.data_verbs import show as show_dataset
from workbench.cli.once import work as work_stage
from workbench.cli.options import click_options, collect
from workbench.cli.output import echo_json, say, table
from workbench.cli.progress import EVERY as PROGRESS_SECONDS
from workbench.cli.progress import TerminalProgress
from workbench.cli.run import check_gate, summarize
from workbench.cli.verbs import FOLDER, JSON, SEED

__all__ = [
    "FOLDER",
    "JSON",
    "PROGRESS_SECONDS",
    "SEED",
    "TerminalProgress",
    "check_gate",
    "click_options",
    "collect",
    "echo_json",
    "import_rows",
    "say",
    "show_dataset",
    "summarize",
    "table",
    "work_stage",
]
