"""`workbench plugins --check` names faults of plugins before a run does; `--api` prints the reference of the door."""

from __future__ import annotations

import types

from workbench.api import Cleaner, NoOptions, build_host, hookimpl
from workbench.cli.plugin_verbs.check import check_plugins


def module(**names):
    made = types.ModuleType("third")
    vars(made).update(names)
    return made


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
    assert "no dataclass" in found["third", "cleaners: loose"]
    assert "implements no hook" in found["hookless", ""]
    assert len(found) == 5


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
