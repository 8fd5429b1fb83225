"""The code blocks of a documentation page, and a run of them in their order, as a reader would.

A block whose fence has a title, as in python title="FILE", is written to that file. The lines of a console block that
begin with `$ ` are run by bash. A python block without a title is run. A block after the comment `not run: REASON` is
passed over.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.third_party import pip

BLOCK = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^>\n]+) -->\n)?"
    r'```(?P<language>\w+)(?: title="(?P<title>[^"\n]+)")?\n(?P<body>.*?)^```$',
    re.S | re.M,
)


@dataclass(frozen=True)
class Block:
    """A code block: its language, the file that it is written to, its text, and why it is not run."""

    language: str
    title: str | None
    body: str
    reason: str | None

    def lines(self) -> list[str]:
        """The commands of a console block."""
        return [line[2:] for line in self.body.splitlines() if line.startswith("$ ")]


def blocks(page: Path) -> list[Block]:
    """The code blocks of a page in their order."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(match["language"], match["title"], match["body"], match["reason"]) for match in found]


def run_page(page: Path, folder: Path, stand_in: Callable[[str], str]) -> dict[str, str]:
    """Run a page's blocks in a folder; what each command wrote to standard output.

    Args:
        page: a Markdown file.
        folder: an empty folder. `pip install -e NAME` installs into `folder/site`.
        stand_in: changes the text of a block, such as a large encoder to a tiny one.
    """
    site = folder / "site"
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(site),
        "HF_HUB_OFFLINE": "1",
    }
    said = {}
    for command, words in _commands(page, folder, stand_in):
        if command.startswith("pip install -e "):
            pip(site, folder / command.rpartition(" ")[2])
            continue
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        said[command] = done.stdout
    return said


def _commands(page: Path, folder: Path, stand_in: Callable[[str], str]) -> Iterator[tuple[str, list[str]]]:
    for block in blocks(page):
        if block.reason:
            continue
        if block.title:
            (folder / block.title).write_text(stand_in(block.body), encoding="utf-8")
        elif block.language == "console":
            for line in block.lines():
                yield line, ["bash", "-o", "pipefail", "-c", stand_in(line)]
        elif block.language == "python":
            yield block.body, [sys.executable, "-c", block.body]
