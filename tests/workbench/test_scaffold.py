"""`workbench plugins new`: every kind of package installs, is sound, and passes its own test."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib

import pytest

from tests.third_party import pip, workbench
from workbench import __version__ as workbench_version
from workbench.cli.plugin_verbs.scaffold import KINDS


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The folder of one new package of each kind, and the folder that they are installed into."""
    root = tmp_path_factory.mktemp("packages")
    for kind in KINDS:
        made = workbench(root, "plugins", "new", f"new_{kind}", "--kind", kind, "-o", root / f"new_{kind}")
        assert made.returncode == 0, made.stderr
    pip(root / "site", *(root / f"new_{kind}" for kind in KINDS))
    return root


def test_the_tests_of_each_kind_pass(packages):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"new_{kind}/tests" for kind in KINDS)],
        cwd=packages,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(packages / "site")},
    )
    assert done.returncode == 0, done.stdout
    assert f"{len(KINDS) + 1} passed" in done.stdout, "a reader has two"


@pytest.mark.parametrize("kind", KINDS)
def test_the_extra_of_the_workbench_is_named_where_torch_is_worked_with(packages, kind):
    project = tomllib.loads((packages / f"new_{kind}" / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = "[train]" if kind in ("pass", "trainer") else ""
    assert project["dependencies"] == [f"intent-workbench{extra}>={workbench_version}"]


def test_all_of_them_are_sound(packages):
    done = workbench(packages / "site", "plugins", "--check")
    assert done.returncode == 0, done.stderr
    assert "plugins are valid" in done.stderr
    for kind in KINDS:
        assert f"new_{kind}" in workbench(packages / "site", "plugins", "--json").stdout


def test_an_existing_package_or_a_bad_name_is_refused(packages):
    again = workbench(packages / "site", "plugins", "new", "new_cleaner", "-o", packages / "other")
    assert again.returncode == 2
    assert "a package named 'new_cleaner' already exists" in again.stderr
    for name in ("Not-A-Name", "class", "json", "workbench"):
        assert workbench(packages, "plugins", "new", name).returncode == 2
    assert workbench(packages, "plugins", "new", "good", "--kind", "wizard").returncode == 2
