"""A third party's package, installed by pip, comes in through the entry point like the built-in plugins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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

LINES = '''
"""Reads a text file with `intent: text` lines; counts bytes; says hello."""
import dataclasses
import shutil
from pathlib import Path

import click

from workbench.api import hookimpl
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance
from workbench.components import Pass, Reader


def read(source, out, options, context):
    pairs = [line.split(": ", 1) for line in Path(source).read_text(encoding="utf-8").splitlines()]
    rows = tuple(Utterance(str(n), text, text, (intent,)) for n, (intent, text) in enumerate(pairs))
    intents = tuple(sorted({intent for intent, _ in pairs}))
    return Dataset("intent", intents, rows, {Path(source).name: {"kept": len(rows)}})


def copy(model, out, options, context):
    shutil.copytree(model.path, out)
    return dataclasses.replace(model, path=out, history=(*model.history, {"step": "copy"})).save()


@hookimpl
def readers():
    return {"lines": Reader(run=read, summary="intent: text")}


@hookimpl
def passes():
    return {"copy": Pass(run=copy, summary="changes nothing")}


@hookimpl
def register_commands(cli, host):
    @cli.command()
    def hello():
        """Say hello."""
        click.echo("hello from a third party")
'''

BROKEN = {
    "misspelt_hook": (
        "from workbench.api import hookimpl\n@hookimpl\ndef reader():\n    return {}\n",
        ["misspelt_hook", "reader", "Did you mean 'readers'"],
    ),
    "raises_at_import": ("raise RuntimeError('no luck today')\n", ["raises_at_import", "RuntimeError: no luck today"]),
}


def install(folder: Path, name: str, code: str) -> Path:
    """pip-install the one-module package `name` below `folder`; the place to put on the path."""
    source, site = folder / f"source-{name}", folder / "site"
    source.mkdir()
    (source / "pyproject.toml").write_text(PYPROJECT.format(name=name))
    (source / f"{name}.py").write_text(code, encoding="utf-8")
    pip(site, source)
    return site


def pip(site: Path, source: Path) -> None:
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
            str(source),
        ],
        check=True,
        capture_output=True,
    )


def workbench(site: Path, *words: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    return subprocess.run(
        [sys.executable, "-m", "workbench", *map(str, words)], capture_output=True, text=True, env=environment
    )


def test_a_reader_a_pass_and_a_verb_arrive(tmp_path, tiny_encoder):
    site = install(tmp_path, "third_lines", LINES)
    (plugin,) = [p for p in json.loads(workbench(site, "plugins", "--json").stdout) if p["name"] == "third_lines"]
    assert plugin["version"] == "3.2.1"
    assert plugin["offers"] == {"passes": ["copy"], "readers": ["lines"]}
    assert plugin["verbs"] == ["hello"]
    assert workbench(site, "hello").stdout == "hello from a third party\n"
    source = tmp_path / "calls.txt"
    source.write_text("".join(f"退款: 我要退款 {n}\nstatus: where is order {n}\n" for n in range(20)), encoding="utf-8")
    (tmp_path / "recipe.toml").write_text(f"""
        [[import]]
        reader = "lines"
        source = "calls.txt"
        split = {{ train = 0.8, dev = 0.2 }}
        [train]
        use = "probe"
        encoder = "{tiny_encoder}"
        [[compress]]
        use = "copy"
        [[compress]]
        use = "onnx"
    """)
    done = workbench(site, "run", tmp_path / "recipe.toml", "-o", tmp_path / "run", "--json")
    assert done.returncode == 0, done.stderr
    bundle = json.loads((Path(json.loads(done.stdout)["bundle"]) / "bundle.json").read_text())
    assert [step["step"] for step in bundle["model"]["history"]] == ["probe", "copy", "onnx"]


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_reported_by_name_and_the_rest_works(tmp_path, name):
    code, words = BROKEN[name]
    site = install(tmp_path, name, code)
    done = workbench(site, "plugins", "--json")
    assert done.returncode == 0
    (plugin,) = [p for p in json.loads(done.stdout) if p["name"] == name]
    for word in words:
        assert word in done.stderr
        assert word in plugin["name"] + plugin["error"]
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(f'requires = ["{name}"]\n')
    refused = workbench(site, "run", recipe)
    assert refused.returncode == 1
    assert f"requires the plugin {name}, which failed to load" in refused.stderr.splitlines()[-1]


def test_two_plugins_with_one_name_are_reported_together(tmp_path):
    site = install(tmp_path, "third_one", LINES)
    install(tmp_path, "third_two", LINES)
    done = workbench(site, "import", "x", "--reader", "lines", "-o", tmp_path / "out")
    assert done.returncode == 1
    assert "'lines' is claimed by third_" in done.stderr
    assert "third_one" in done.stderr
    assert "third_two" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_new_plugin_installs_and_its_own_test_passes(tmp_path):
    made = workbench(tmp_path, "plugins", "new", "shorty", "-o", tmp_path / "shorty")
    assert made.returncode == 0, made.stderr
    site = tmp_path / "site"
    pip(site, tmp_path / "shorty")
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "shorty")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(site)},
    )
    assert "1 passed" in tests.stdout, tests.stdout
    assert "shorty" in workbench(site, "clean", "--help").stdout
    again = workbench(tmp_path, "plugins", "new", "shorty", "-o", tmp_path / "shorty")
    assert again.returncode == 2
    assert "there is a package 'shorty' already" in again.stderr
    for name in ("Not-A-Name", "class", "json", "workbench"):
        assert workbench(tmp_path, "plugins", "new", name).returncode == 2
