"""A third party's package, installed by pip, comes in through the entry point like the built-in plugins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.third_party import install, workbench

LINES = '''
"""Reads a text file with `intent: text` lines; counts bytes; says hello."""
import dataclasses
import shutil
from pathlib import Path

import click

from workbench.api import Dataset, Pass, Reader, Utterance, hookimpl


def read(source, out, options, context):
    pairs = [line.split(": ", 1) for line in Path(source).read_text(encoding="utf-8").splitlines()]
    rows = tuple(Utterance(str(n), text, text, (intent,)) for n, (intent, text) in enumerate(pairs))
    intents = tuple(sorted({intent for intent, _ in pairs}))
    return Dataset("intent", intents, rows, {Path(source).name: {"kept": len(rows)}})


def copy(model, out, options, context):
    shutil.copytree(model.path, out)
    return model.derive(out, {"step": "copy"})


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


def test_a_reader_a_pass_and_a_verb_arrive(tmp_path, tiny_encoder):
    site = install(tmp_path, "third_lines", LINES)
    (plugin,) = [p for p in json.loads(workbench(site, "plugins", "--json").stdout) if p["name"] == "third_lines"]
    assert plugin["version"] == "3.2.1"
    assert plugin["components"] == {"passes": ["copy"], "readers": ["lines"]}
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
    assert "'lines' is registered by third_" in done.stderr
    assert "third_one" in done.stderr
    assert "third_two" in done.stderr
    assert "Traceback" not in done.stderr
