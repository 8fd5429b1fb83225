"""The reference page of options and encoders, generated from the dataclasses that check recipes."""

from __future__ import annotations

import dataclasses
from typing import Any

from workbench.component import REGISTRIES, Component
from workbench.engine.sections import EvaluateOptions, ImportOptions, RecipeOptions, UseOptions
from workbench.host import Host
from workbench.options import option_fields

SECTIONS = {
    "Top level": RecipeOptions,
    "[[import]], in addition to the options of its reader": ImportOptions,
    "[train] and [[compress]], in addition to the options of the component in `use`": UseOptions,
    "[evaluate]": EvaluateOptions,
}


def options_page(host: Host) -> str:
    """Return every option and every encoder as Markdown."""
    lines = ["# Options", "", "Written by `workbench plugins --options`.", "", "## The recipe", ""]
    for title, options in SECTIONS.items():
        lines += [f"### {title}", "", *_table(options)]
    lines += ["### [gate]", "", "Each key is the name of a budget, each value its limit:", ""]
    lines += [f"- `{name}`: {component.summary}" for name, component in sorted(host.registry("budgets").items())]
    lines += ["", "## encoders", "", "| name | hub | languages | parameters | licence | prefix | pooling |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for name, e in sorted(host.registry("encoders").items()):
        cells = [f"`{name}`", e.hub, ", ".join(e.languages), f"{e.parameters:g} M", e.licence]
        lines.append(f"| {' | '.join([*cells, f'`{e.prefix}`', e.pooling])} |")
    for hook in REGISTRIES:
        components = {
            name: component
            for name, component in sorted(host.registry(hook).items())
            if isinstance(component, Component)
        }
        if components and hook != "budgets":
            lines += ["", f"## {hook}"]
        for name, component in components.items() if hook != "budgets" else ():
            lines += ["", f"### {name}", "", f"{component.summary}. From `{host.registry(hook).owners[name]}`.", ""]
            lines += _table(component.options)
    return "\n".join(lines).replace("\n\n\n", "\n\n").rstrip() + "\n"


def _table(options: type) -> list[str]:
    fields = option_fields(options)
    rows = [
        f"| `{f.name}` | {f.type_name.replace('|', chr(92) + '|')} | {_default(f.default)} | {f.help} |" for f in fields
    ]
    return ["| option | type | default | description |", "|---|---|---|---|", *rows, ""] if fields else []


def _default(value: Any) -> str:
    if value is dataclasses.MISSING:
        return "required"
    return "`none`" if value is None else f"`{list(value) if isinstance(value, tuple) else value}`"
