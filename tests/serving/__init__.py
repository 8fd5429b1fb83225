"""Ways to run `workbench serve` for tests: in this process, with a slow plugin, without the extras."""

from __future__ import annotations

from pathlib import Path

SLOW_PLUGIN = (str(Path(__file__).with_name("slow_plugin.py")),)
WITHOUT_EXTRAS = (str(Path(__file__).with_name("without_extras.py")),)
