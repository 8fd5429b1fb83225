"""`workbench plugins`: list and check plugins, print references, and create a new plugin."""

from __future__ import annotations

import dataclasses
import importlib.util
import keyword
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from workbench.cli.output import echo_json, say, table
from workbench.cli.plugin_verbs.api_page import api_page
from workbench.cli.plugin_verbs.check import check_plugins
from workbench.cli.plugin_verbs.command_line_page import command_line_page
from workbench.cli.plugin_verbs.hooks_page import hooks_page
from workbench.cli.plugin_verbs.options_page import options_page
from workbench.cli.plugin_verbs.scaffold import KINDS, write_plugin
from workbench.component import REGISTRIES, Component
from workbench.engine.stage import version
from workbench.errors import UsageProblem, WorkbenchError
from workbench.host import Host


def describe(host: Host) -> list[dict[str, Any]]:
    """Return every plugin with its version, hooks, components, verbs and missing libraries, as JSON."""
    plugins = []
    for name, plugin_version in sorted(host.versions.items()):
        plugin = host.manager.get_plugin(name)
        hooks = sorted(caller.name for caller in host.manager.get_hookcallers(plugin) or [])
        components = {
            hook: sorted(component for component, owner in host.registry(hook).owners.items() if owner == name)
            for hook in REGISTRIES
            if hook in hooks
        }
        plugins.append(
            {
                "name": name,
                "version": plugin_version,
                "hooks": hooks,
                "components": components,
                "verbs": _verbs(host, plugin),
                "missing": _missing(host, name),
                "error": None,
            }
        )
    plugins += [
        {
            "name": broken.name,
            "version": None,
            "hooks": [],
            "components": {},
            "verbs": [],
            "missing": [],
            "error": broken.why,
        }
        for broken in host.broken.values()
    ]
    return plugins


def _verbs(host: Host, plugin: Any) -> list[str]:
    group = click.Group("probe")
    if hasattr(plugin, "register_commands"):
        host.manager.subset_hook_caller(
            "register_commands", [other for other in host.manager.get_plugins() if other is not plugin]
        )(cli=group, host=host)
    return sorted(group.commands)


def _missing(host: Host, owner: str) -> list[str]:
    missing = {}
    for hook in REGISTRIES:
        for name, component in host.registry(hook).items():
            if host.registry(hook).owners[name] == owner and isinstance(component, Component):
                missing.update(
                    {library: component.install_line for library in component.libraries if version(library) is None}
                )
    return [f"{library}: {line}" for library, line in sorted(missing.items())]


def add(cli: click.Group, host: Host) -> None:
    """Add the verbs `plugins` and `plugins new`."""

    @cli.group(invoke_without_command=True)
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @click.option("--options", is_flag=True, help="Print every option of every component as Markdown.")
    @click.option("--hooks", is_flag=True, help="Print the hooks that a plugin can implement as Markdown.")
    @click.option("--api", is_flag=True, help="Print the reference of workbench.api as Markdown.")
    @click.option("--command-line", is_flag=True, help="Print the help of every verb as Markdown.")
    @click.option("--check", is_flag=True, help="Load every component and list problems; exit code 1 if there are any.")
    @click.pass_context
    def plugins(ctx: click.Context, /, as_json: bool, check: bool, **pages: bool) -> None:
        """List the plugins with their components and missing libraries."""
        if ctx.invoked_subcommand:
            return
        writers: dict[str, Callable[[], str]] = {
            "api": api_page,
            "command_line": lambda: command_line_page(cli),
            "hooks": hooks_page,
            "options": lambda: options_page(host),
        }
        if check:
            show_check(host, as_json=as_json)
        elif wanted := [name for name, asked in pages.items() if asked]:
            click.echo(writers[wanted[0]](), nl=False)
        elif as_json:
            echo_json(describe(host))
        else:
            table(
                ["plugin", "version", "components", "verbs", "missing"],
                [
                    [
                        p["name"],
                        p["version"] or "failed",
                        "\n".join(f"{hook}: {', '.join(names)}" for hook, names in p["components"].items()),
                        ", ".join(p["verbs"]),
                        p["error"] or "\n".join(p["missing"]),
                    ]
                    for p in describe(host)
                ],
            )

    @plugins.command()
    @click.argument("name")
    @click.option(
        "--kind", type=click.Choice(KINDS), default="cleaner", show_default=True, help="Kind of the component."
    )
    @click.option(
        "-o", "--out", type=click.Path(path_type=Path), help="Output folder; must not exist.  [default: NAME]"
    )
    def new(name: str, kind: str, out: Path | None) -> None:
        """Write a Python package NAME with one component and a test that passes after installation."""
        if not name.isidentifier() or not name.islower() or keyword.iskeyword(name):
            raise UsageProblem(
                f"{name!r} is not a valid name for a Python package", remedy="Use lowercase letters, digits and _"
            )
        if importlib.util.find_spec(name) is not None:
            raise UsageProblem(f"a package named {name!r} already exists", remedy="Choose another name")
        folder = out or Path(name)
        write_plugin(name, kind, folder)
        say(f"wrote {folder}\nnext    pip install -e {folder} && pytest {folder}")


def show_check(host: Host, *, as_json: bool) -> None:
    """Print the findings of `check_plugins`.

    Raises:
        WorkbenchError: a plugin has a problem other than a missing library.
    """
    findings = check_plugins(host)
    if as_json:
        echo_json([dataclasses.asdict(finding) for finding in findings])
    elif findings:
        table(["plugin", "where", "problem"], [[each.plugin, each.where, each.problem] for each in findings])
    if fatal := [each for each in findings if each.fatal]:
        raise WorkbenchError(
            f"{len(fatal)} problems with {', '.join(sorted({each.plugin for each in fatal}))}",
            where="workbench plugins --check",
            remedy="Fix or uninstall the plugin, or list the plugins to load: WORKBENCH_PLUGINS=a,b",
        )
    say(f"{len(host.versions)} plugins are valid" + (f", {len(findings)} libraries are missing" if findings else ""))
