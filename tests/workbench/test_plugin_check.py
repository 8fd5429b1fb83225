"""`workbench plugins --check` names faults of plugins before a run does; `--api` prints the reference of the door."""

from __future__ import annotations

import sys
import types

import pytest

from workbench.api import (
    Axis,
    Cleaner,
    Component,
    Model,
    NoOptions,
    Pass,
    Reader,
    Runtime,
    WorkbenchError,
    build_host,
    hookimpl,
)
from workbench.cli.plugin_verbs.check import check_plugins
from workbench.stages.bundle import make_bundle


def module(**names):
    made = types.ModuleType("third")
    vars(made).update(names)
    return made


def faults(registered):
    """Where and what is wrong with the components of a plugin: hook -> name -> component."""
    host = build_host()
    for hook, found in registered.items():
        host.register(module(**{hook: hookimpl(lambda found=found: found, specname=hook)}), f"third-{hook}")
    return [
        (each.where, each.problem) for each in check_plugins(host) if each.plugin.startswith("third") and each.fatal
    ]


def test_the_built_in_plugins_are_sound(workbench):
    done = workbench("plugins", "--check")
    assert done.exit_code == 0
    assert not [each for each in check_plugins(build_host()) if each.fatal]


def test_every_kind_of_fault_is_named():
    class Loose:
        """No dataclass."""

    components = {
        "gone": Cleaner(run="no_such_module:clean", summary=""),
        "misspelt": Cleaner(run="json:lodas", summary=""),
        "narrow": Cleaner(run=lambda dataset: dataset, summary=""),
        "loose": Cleaner(run=lambda dataset, out, options, context: dataset, summary="", options=Loose),
        "right": Cleaner(run=lambda dataset, out, options, context: dataset, summary="", options=NoOptions),
    }
    host = build_host()
    host.register(module(cleaners=hookimpl(lambda: components, specname="cleaners")), "third")
    host.register(module(cleaner=lambda: {}), "hookless")
    found = {(each.plugin, each.where): each.problem for each in check_plugins(host) if each.fatal}
    assert "no_such_module" in found["third", "cleaners: gone"]
    assert "lodas" in found["third", "cleaners: misspelt"]
    assert "(dataset, out, options, context)" in found["third", "cleaners: narrow"]
    assert "is not a dataclass" in found["third", "cleaners: loose"]
    assert "implements no hook" in found["hookless", ""]
    assert len(found) == 5


def test_every_function_of_a_component_is_looked_at():
    runtime = Runtime(
        run="json:loads", summary="", facts="json:fact", cpu_warning="json:warn", cpu_advice=lambda cpu: ""
    )
    axes = {"share": Axis("json:value", "json:__doc__"), "rank": Axis((1,), resize=lambda config: config, title="Rank")}
    registered = {
        "readers": {"tickets": Reader(run=lambda *_: None, summary="", votes="json:vote")},
        "runtimes": {"table": runtime},
        "passes": {"thin": Pass(run=lambda *_: None, summary="", space=axes)},
    }
    found = faults(registered)
    said = [
        ("readers: tickets", "votes: json:vote cannot be loaded"),
        ("runtimes: table", "facts: json:fact cannot be loaded"),
        ("runtimes: table", "cpu_warning: json:warn cannot be loaded"),
        ("runtimes: table", "cannot be called with ()"),
        ("passes: thin", "space.share.values: json:value cannot be loaded"),
        ("passes: thin", "space.share.resize: json:__doc__ is not a function"),
        ("passes: thin", "cannot be called with (config, value)"),
        ("passes: thin", "space.rank.title: 'Rank' is not a pair"),
    ]
    for where, problem in said:
        assert any(problem in each for at, each in found if at == where), problem


def test_a_plain_component_may_be_called_with_anything():
    assert not faults({"executors": {"mine": Component(run=lambda one, two, *, three: None, summary="")}})


def test_a_library_that_several_functions_lack_is_said_once(tmp_path, monkeypatch):
    (tmp_path / "lacking.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    host = build_host()
    tickets = Reader(run="lacking:read", votes="lacking:votes", extra="tickets", summary="")
    host.register(module(readers=hookimpl(lambda: {"tickets": tickets}, specname="readers")), "third")
    (found,) = [each for each in check_plugins(host) if each.plugin == "third"]
    assert not found.fatal
    assert "no_such_library is not installed" in found.problem


def test_a_runtime_whose_file_lies_in_a_folder_is_named_and_bundles_nothing(tmp_path):
    runtime = Runtime(run=lambda model, options: None, summary="", files=("model.bin", "onnx/model.onnx"))
    host = build_host()
    host.register(module(runtimes=hookimpl(lambda: {"nested": runtime}, specname="runtimes")), "third")
    (found,) = [each for each in check_plugins(host) if each.fatal]
    assert (found.plugin, found.where) == ("third", "runtimes: nested")
    assert "'onnx/model.onnx' is not a plain file name" in found.problem
    with pytest.raises(WorkbenchError, match=r"lists the file 'onnx/model\.onnx'"):
        make_bundle(Model(tmp_path, "nested", "intent", ("a",), 8), tmp_path / "out", host)
    assert not (tmp_path / "out").exists()


def test_a_plugin_with_a_fault_ends_the_check_with_exit_code_1():
    from click.testing import CliRunner

    from workbench.cli.root import build_cli

    host = build_host()
    host.register(module(), "hookless")
    done = CliRunner().invoke(build_cli(host), ["plugins", "--check"])
    assert done.exit_code == 1
    assert "hookless" in f"{done.output} {done.exception}"


def test_the_reference_lists_every_declared_name(workbench):
    import importlib
    import pkgutil

    from workbench import api

    page = workbench("plugins", "--api").stdout
    for module in pkgutil.iter_modules(api.__path__, "workbench.api."):
        for name in importlib.import_module(module.name).__all__:
            assert f"### {name}\n" in page
    assert " at 0x" not in page


def test_the_reference_without_torch_names_what_to_install(workbench, monkeypatch):
    for name in ("workbench.api.torch", "workbench.torch.batches"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    done = workbench("plugins", "--api")
    assert done.exit_code == 1
    assert "torch is not installed" in done.stderr
    assert 'pip install "intent-workbench[train]"' in done.stderr
