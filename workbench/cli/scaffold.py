"""The start of a third party's plugin: a package with one cleaner, and a test through the host."""

from __future__ import annotations

from pathlib import Path

from workbench import __version__
from workbench.io.files import Staging

PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["intent-workbench>={version}"]

[project.entry-points.workbench]
{name} = "{name}"

[tool.setuptools]
packages = ["{name}"]
"""

DOOR = '''\
"""A plugin for the workbench: the cleaner `{name}`. Keep this door light; heavy imports belong into `work.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.api import Cleaner, hookimpl, option


@dataclass(frozen=True)
class Options:
    """What a recipe can say under `[clean.{name}]`."""

    shortest: int = option(2, "a train row with fewer characters is left out", ge=1)


@hookimpl
def cleaners() -> Mapping[str, Cleaner]:
    """The cleaner `{name}`."""
    return {{"{name}": Cleaner(run="{name}.work:clean", summary="leaves very short train rows out", options=Options)}}
'''

WORK = '''\
"""What the cleaner does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api import Context, Dataset

if TYPE_CHECKING:
    from {name} import Options


def clean(dataset: Dataset, out: Path, options: Options, context: Context) -> Dataset:
    """The dataset without its very short train rows; the counts say how many went."""
    short = {{row.id: "too short" for row in dataset.split("train") if len(row.text) < options.shortest}}
    return dataset.without(short, "{name}")
'''

TEST = '''\
"""The plugin as its user meets it: through the host. `workbench_plugin` comes with the workbench."""

from __future__ import annotations

from workbench.api import Dataset, Utterance


def test_short_rows_leave_and_are_counted(workbench_plugin):
    short = Utterance("1", "a", "a", ("x",), split="train")
    long = Utterance("2", "where is it", "where is it", ("y",), split="train")
    cleaner = workbench_plugin("{name}", "cleaners", "{name}")
    cleaned = cleaner(Dataset("intent", ("x", "y"), (short, long)))
    assert [row.id for row in cleaned] == ["2"]
    assert cleaned.counts["{name}"] == {{"too short": 1}}
'''

README = """\
# {name}

A plugin for intent-workbench. It adds the cleaner `{name}`.

    pip install -e . && pytest
    workbench plugins
    workbench clean DATASET -o OUT --use {name} --{name}.shortest 3
"""


def write_plugin(name: str, folder: Path) -> None:
    """Write the package `name` into `folder`.

    Raises:
        WorkbenchError: the folder exists already.
    """
    files = {
        "pyproject.toml": PYPROJECT,
        f"{name}/__init__.py": DOOR,
        f"{name}/work.py": WORK,
        f"tests/test_{name}.py": TEST,
        "README.md": README,
    }
    with Staging(folder) as staged:
        for path, text in files.items():
            (staged / path).parent.mkdir(parents=True, exist_ok=True)
            (staged / path).write_text(text.format(name=name, version=__version__), encoding="utf-8")
