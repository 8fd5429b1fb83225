"""Build verbs for the command line."""

from __future__ import annotations

from workbench.cli.data_verbs import import_rows
from workbench.cli.data_verbs import show as show_dataset
from workbench.cli.once import work as work_stage
from workbench.cli.options import ComponentName, click_options, collect
from workbench.cli.output import echo_json, say, table, table_lines
from workbench.cli.progress import EVERY as PROGRESS_SECONDS
from workbench.cli.progress import TerminalProgress
from workbench.cli.run import check_gate, summarize
from workbench.cli.verbs import FOLDER, JSON, SEED, offered, steps_of

__all__ = [
    "FOLDER",
    "JSON",
    "PROGRESS_SECONDS",
    "SEED",
    "ComponentName",
    "TerminalProgress",
    "check_gate",
    "click_options",
    "collect",
    "echo_json",
    "import_rows",
    "offered",
    "say",
    "show_dataset",
    "steps_of",
    "summarize",
    "table",
    "table_lines",
    "work_stage",
]
