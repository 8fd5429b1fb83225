"""Build verbs for the command line."""

from __future__ import annotations

from workbench.cli.data_verbs import import_rows, show_dataset
from workbench.cli.options import ComponentName, click_options, collect
from workbench.cli.output import echo_json, say, table, table_lines
from workbench.cli.progress import TerminalProgress, shown_steps
from workbench.cli.run import check_gate, summarize
from workbench.cli.verb_run import run_stages
from workbench.cli.verbs import FOLDER, JSON, SEED, offered, steps_of

__all__ = [
    "FOLDER",
    "JSON",
    "SEED",
    "ComponentName",
    "TerminalProgress",
    "check_gate",
    "click_options",
    "collect",
    "echo_json",
    "import_rows",
    "offered",
    "run_stages",
    "say",
    "show_dataset",
    "shown_steps",
    "steps_of",
    "summarize",
    "table",
    "table_lines",
]
