"""The scaffold of a third-party plugin: a package in src layout with one component and a test through the host."""

from __future__ import annotations

from pathlib import Path
from string import Template

from workbench import __version__
from workbench.errors import DISTRIBUTION
from workbench.io.files import Staging

TEMPLATES = Path(__file__).parent
USAGE = {
    "cleaner": "workbench clean DATASET -o OUT --use {name} --{name}.shortest 3",
    "augmenter": "workbench augment DATASET -o OUT --use {name} --{name}.rate 0.2",
    "pass": "workbench export MODEL -o OUT --use onnx,{name}",
    "reader": "workbench import FILE -o OUT --reader {name}",
    "runtime": "workbench evaluate MODEL DATASET",
    "trainer": "workbench train DATASET -o OUT --use {name}",
    "metric": "workbench evaluate MODEL DATASET",
}
KINDS = tuple(sorted(USAGE))
EXTRAS = {"pass": "[train]", "trainer": "[train]"}  # extras of the workbench, for kinds that need torch


def write_plugin(name: str, kind: str, folder: Path) -> None:
    """Write the package `name` with a component of one of the KINDS into `folder`.

    Raises:
        WorkbenchError: the folder exists.
    """
    files = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"src/{name}/__init__.py": f"{kind}/plugin.py",
        f"src/{name}/work.py": f"{kind}/work.py",
        f"tests/test_{name}.py": f"{kind}/test.py",
    }
    values = {
        "name": name,
        "kind": kind,
        "workbench": f"{DISTRIBUTION}{EXTRAS.get(kind, '')}",
        "version": __version__,
        "usage": USAGE[kind].format(name=name),
    }
    with Staging(folder) as staged:
        for path, source in files.items():
            text = Template((TEMPLATES / f"{source}.tmpl").read_text(encoding="utf-8")).substitute(values)
            (staged / path).parent.mkdir(parents=True, exist_ok=True)
            (staged / path).write_text(text, encoding="utf-8")
