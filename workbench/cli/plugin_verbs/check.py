"""`workbench plugins --check`: find what is wrong with installed plugins before a run does."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.cli.plugin_verbs.functions import Called, functions_of
from workbench.component import REGISTRIES, Component
from workbench.components import Pass, Runtime
from workbench.errors import MissingExtra, WorkbenchError
from workbench.host import Host
from workbench.options import option_fields


@dataclass(frozen=True)
class Finding:
    """One thing that a check found.

    Args:
        plugin: whose.
        where: hook and name of the component, or the hook, or "".
        problem: what is wrong.
        fatal: False for a library that is not installed.
    """

    plugin: str
    where: str
    problem: str
    fatal: bool = True


def check_plugins(host: Host) -> list[Finding]:
    """Load every component of every plugin, without calling it."""
    found = [Finding(broken.name, "", broken.why) for broken in host.broken.values()]
    for name in sorted(host.versions):
        if not host.manager.get_hookcallers(host.manager.get_plugin(name)):
            problem = "implements no hook; mark its functions with @hookimpl and name them after a hook"
            found.append(Finding(name, "", problem))
    for hook in REGISTRIES:
        found += _check_registry(host, hook)
    return found


def _check_registry(host: Host, hook: str) -> Iterator[Finding]:
    try:
        registry = host.registry(hook)
    except WorkbenchError as error:
        yield Finding("", hook, str(error))
        return
    for name, component in sorted(registry.items()):
        if isinstance(component, Component):
            for problem, fatal in _problems(component):
                yield Finding(registry.owners[name], f"{hook}: {name}", problem, fatal)


def _problems(component: Component) -> Iterator[tuple[str, bool]]:
    if not dataclasses.is_dataclass(component.options):
        yield f"its options are {component.options!r}, which is no dataclass", True
    else:
        yield from ((problem, True) for problem in _option_problems(component.options))
    for name in component.nested_files if isinstance(component, Runtime) else ():
        yield f"its file {name!r} is no plain file name; a bundle has no folders", True
    if isinstance(component, Pass):
        for option, axis in component.space.items():
            if not (isinstance(axis.title, tuple) and len(axis.title) == 2):
                yield f"space.{option}.title: {axis.title!r} is no pair of an English and a Chinese heading", True
    found = [problem for each in functions_of(component) for problem in _function_problems(component, each)]
    yield from dict.fromkeys(found)  # a library that several of its functions lack is said once


def _function_problems(component: Component, called: Called) -> Iterator[tuple[str, bool]]:
    named = called.run if called.field == "run" else f"{called.field}: {called.run}"
    try:
        function = component.function(called.run)
    except MissingExtra as error:
        yield str(error), False
        return
    except (ImportError, AttributeError, ValueError) as error:
        yield f"{named} cannot be loaded ({type(error).__name__}: {error})", True
        return
    if not callable(function):
        yield f"{named} is no function", True
        return
    if called.wanted is None:
        return
    try:
        inspect.signature(function).bind(*called.wanted)
    except TypeError as error:
        yield f"{named} cannot be called with ({', '.join(called.wanted)}): {error}", True
    except ValueError:  # a callable of C code tells no signature
        return


def _option_problems(options: type) -> Iterator[str]:
    try:
        fields = option_fields(options)
    except (NameError, TypeError) as error:
        yield f"its options cannot be read ({error})"
        return
    yield from (f"its option {field.name!r} has no help text" for field in fields if not field.help)
