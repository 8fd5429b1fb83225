"""Install a third party's package with pip into a folder, and run the command line with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "3.2.1"

[project.entry-points.workbench]
{name} = "{name}"

[tool.setuptools]
py-modules = ["{name}"]
"""


def install(folder: Path, name: str, code: str) -> Path:
    """pip-install the one-module package `name` below `folder`; the place to put on the path."""
    source, site = folder / f"source-{name}", folder / "site"
    source.mkdir()
    (source / "pyproject.toml").write_text(PYPROJECT.format(name=name))
    (source / f"{name}.py").write_text(code, encoding="utf-8")
    pip(site, source)
    return site


def pip(site: Path, *sources: Path) -> None:
    """Install packages into the folder `site`, without a network."""
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--no-build-isolation",
            "--no-index",
            "--disable-pip-version-check",
            "--target",
            str(site),
            *map(str, sources),
        ],
        check=True,
        capture_output=True,
    )


def workbench(site: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run `workbench WORDS` in a process that finds the packages in `site`."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, "-m", "workbench", *map(str, words)], capture_output=True, text=True, env=environment
    )
