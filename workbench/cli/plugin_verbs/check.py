"""`workbench plugins --check`: find faults of installed plugins without a run."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from workbench.cli.plugin_verbs.functions import DeclaredFunction, functions_of
from workbench.component import REGISTRIES, Component
from workbench.components import Pass, Runtime
from workbench.errors import MissingExtra, WorkbenchError
from workbench.host import Host
from workbench.options import option_fields


@dataclass(frozen=True)
class Finding:
    """A problem of a plugin.

    Args:
        plugin: name of the plugin.
        where: hook and name of the component, or the hook, or "".
        problem: description of the problem.
        fatal: False for a library that is not installed.
    """

    plugin: str
    where: str
    problem: str
    fatal: bool = True


def check_plugins(host: Host) -> list[Finding]:
    """Load every component of every plugin, without a call, and return all problems."""
    findings = [Finding(broken.name, "", broken.why) for broken in host.broken.values()]
    for name in sorted(host.versions):
        if not host.manager.get_hookcallers(host.manager.get_plugin(name)):
            problem = "implements no hook; mark its functions with @hookimpl and name them after a hook"
            findings.append(Finding(name, "", problem))
    for hook in REGISTRIES:
        findings += _check_registry(host, hook)
    return findings


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
        yield f"options: {component.options!r} is not a dataclass", True
    else:
        yield from ((problem, True) for problem in _option_problems(component.options))
    for name in component.nested_files if isinstance(component, Runtime) else ():
        yield f"files: {name!r} is not a plain file name; a bundle has no folders", True
    if isinstance(component, Pass):
        for option, axis in component.space.items():
            if not (isinstance(axis.title, tuple) and len(axis.title) == 2):
                yield f"space.{option}.title: {axis.title!r} is not a pair of an English and a Chinese heading", True
    problems = [problem for each in functions_of(component) for problem in _function_problems(component, each)]
    yield from dict.fromkeys(problems)  # several functions may need the same missing library


def _function_problems(component: Component, declared: DeclaredFunction) -> Iterator[tuple[str, bool]]:
    label = declared.run if declared.field == "run" else f"{declared.field}: {declared.run}"
    try:
        function = component.function(declared.run)
    except MissingExtra as error:
        yield str(error), False
        return
    except (ImportError, AttributeError, ValueError) as error:
        yield f"{label} cannot be loaded ({type(error).__name__}: {error})", True
        return
    if not callable(function):
        yield f"{label} is not a function", True
        return
    if declared.arguments is None:
        return
    try:
        inspect.signature(function).bind(*declared.arguments)
    except TypeError as error:
        yield f"{label} cannot be called with ({', '.join(declared.arguments)}): {error}", True
    except ValueError:  # functions in C may have no signature
        return


def _option_problems(options: type) -> Iterator[str]:
    try:
        fields = option_fields(options)
    except (NameError, TypeError) as error:
        yield f"options: cannot be read ({error})"
        return
    yield from (f"options: {field.name!r} has no help text" for field in fields if not field.help)
