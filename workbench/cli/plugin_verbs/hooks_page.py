"""The reference page of the hooks, generated from their specifications and from the calls of their components."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from workbench import components, hookspecs, protocols
from workbench.component import Component

API = "api.md"


def hooks_page() -> str:
    """Every hook as Markdown: signature, docstring, the class of its component and the call of that component."""
    marked = f"{hookspecs.hookspec.project_name}_spec"
    lines = ["# Hooks", "", "Written by `workbench plugins --hooks`.", "", inspect.getdoc(hookspecs) or "", ""]
    for name, hook in vars(hookspecs).items():
        if hasattr(hook, marked):
            lines += _hook(name, hook)
    return "\n".join(lines).rstrip() + "\n"


def _hook(name: str, hook: Callable[..., Any]) -> Iterator[str]:
    signature = ", ".join(inspect.signature(hook).parameters)
    yield from (f"## {name}", "", f"`{name}({signature})`", "", inspect.getdoc(hook) or "", "")
    match = re.fullmatch(r"Mapping\[str, (\w+)\]", str(hook.__annotations__.get("return", "")))
    kind = getattr(components, match[1], None) if match else None
    if kind is None:
        return
    yield from (f"The hook returns a mapping of names to [{kind.__name__}]({API}#{kind.__name__.lower()}).", "")
    if issubclass(kind, Component) and (called := protocols.arguments(kind)):
        yield from (f"The host calls `run({', '.join(called)})`.", "")
