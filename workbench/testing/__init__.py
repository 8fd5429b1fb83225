"""pytest fixtures for plugin authors. pytest loads them automatically when intent-workbench is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.context import Context
from workbench.host import Host, build_host
from workbench.nouns.dataset import Dataset
from workbench.testing.data import tiny_dataset


@pytest.fixture
def workbench_host() -> Host:
    """A new host with all installed plugins; `workbench_host.register(MyPlugin(), "mine")` adds another plugin."""
    return build_host()


@pytest.fixture
def workbench_context(workbench_host: Host, tmp_path: Path) -> Context:
    """A context to call components with: a host, a seed and an empty scratch folder."""
    work = tmp_path / "workbench-work"
    work.mkdir()
    return Context(workbench_host, seed=13, work=work)


@pytest.fixture
def workbench_plugin(
    workbench_host: Host, workbench_context: Context, tmp_path: Path
) -> Callable[..., Callable[..., Any]]:
    """`workbench_plugin(plugin, hook, name, **options)` returns a function that calls a component with its input."""

    def find(plugin: str, hook: str, name: str, **options: Any) -> Callable[..., Any]:
        workbench_host.require([plugin], "test")
        component = workbench_host.registry(hook)[name]
        out = tmp_path / f"{hook}-{name}"
        return lambda argument: component(argument, out, component.options(**options), workbench_context)

    return find


@pytest.fixture
def workbench_cli(workbench_host: Host) -> Callable[..., Any]:
    """`workbench_cli("clean", "data", "-o", "out")` runs the command line and returns click's `Result`."""
    from click.testing import CliRunner

    from workbench.cli.root import build_cli

    return lambda *words: CliRunner().invoke(build_cli(workbench_host), [str(word) for word in words])


@pytest.fixture(scope="session")
def workbench_dataset() -> Dataset:
    """A dataset of 72 labelled rows with three intents, English and Chinese, in train, dev and test."""
    return tiny_dataset()


@pytest.fixture(scope="session")
def workbench_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder with a two-layer BERT and random weights. Requires torch."""
    from workbench.testing.models import write_encoder

    return write_encoder(tmp_path_factory.mktemp("workbench-encoder") / "tiny")
