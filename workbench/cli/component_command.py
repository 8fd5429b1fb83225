"""Commands whose options depend on the components in the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import click

from workbench.cli.options import click_options, collect
from workbench.component import Component
from workbench.engine.sections import ComponentConfig
from workbench.errors import UsageProblem, unknown
from workbench.host import Host

COMPONENTS = "workbench.components"
IS_DEFAULT = "workbench.is_default"


class ComponentCommand(click.Command):
    """A verb with an option (`--use`, `--reader`) that names components of a hook, and with their options.

    If the verb accepts several components, each option has the component's name as prefix: `--int8.reduce-range yes`.
    The options of the default component also work without this prefix.

    Args:
        host: the plugins.
        hook: the named hook.
        choice: name of the option that names a component.
        several: whether the option may be repeated.
        default: function that returns the component names to use without the option.
        accepts: function that returns whether the verb accepts a component.
    """

    def __init__(
        self,
        *args: Any,
        host: Host,
        hook: str,
        choice: str = "use",
        several: bool = False,
        default: Callable[[], tuple[str, ...]] = tuple,
        accepts: Callable[[Any], bool] = bool,
        **kwargs: Any,
    ) -> None:
        self.host, self.hook, self.choice, self.several, self.default = host, hook, choice, several, default
        self.accepts = accepts
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Find the components in `args`, then parse `args` with the components' options."""
        names = self._component_names(args)
        ctx.meta[COMPONENTS], ctx.meta[IS_DEFAULT] = names or self.default(), not names
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the verb's own options and those of the components."""
        own = super().get_params(ctx)
        more: list[click.Parameter] = []
        for name in ctx.meta.get(COMPONENTS, ()):
            prefix = name if self.several else ""
            more += click_options(self._component(name).options, prefix, short=ctx.meta[IS_DEFAULT], host=self.host)
        return [*own[:-1], *more, own[-1]]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the components that `--use` accepts."""
        super().format_epilog(ctx, formatter)
        components = self._accepted()
        with formatter.section(f"Values of --{self.choice} (options of each: --{self.choice} NAME --help)"):
            formatter.write_dl([(name, component.summary) for name, component in sorted(components.items())])

    def component_configs(self, ctx: click.Context) -> tuple[ComponentConfig, ...]:
        """Return the components with their options from the command line."""
        configs = []
        for name in ctx.meta[COMPONENTS]:
            component = self._component(name)
            options = collect(component.options, ctx.params, name if self.several else "")
            configs.append(ComponentConfig(self.hook, name, component, options))
        return tuple(configs)

    def _component_names(self, args: Sequence[str]) -> tuple[str, ...]:
        flag = f"--{self.choice}"
        values = [args[i + 1] for i, word in enumerate(args[:-1]) if word == flag]
        values += [word.partition("=")[2] for word in args if word.startswith(f"{flag}=")]
        names = [
            name
            for value in values
            for name in (value.split(",") if self.several else [value])
            if not name.startswith("-")
        ]
        for name in names:
            self._component(name)
        if len(names) > 1 and not self.several:
            raise UsageProblem(f"{flag} is set {len(names)} times", remedy=f"Set {flag} once")
        for name, count in Counter(names).items():
            if count > 1:
                raise UsageProblem(
                    f"{flag} names {name!r} {count} times, but a command line holds one set of options per name",
                    remedy=f"Name {name!r} once, or use a recipe, where several [[compress]] sections may use one pass",
                )
        return tuple(names)

    def _component(self, name: str) -> Component:
        registry = self.host.registry(self.hook)
        component: Component = registry.pick(name, f"--{self.choice}")
        if not self.accepts(component):
            raise unknown(registry.noun, name, self._accepted(), where=f"--{self.choice}")
        return component

    def _accepted(self) -> dict[str, Component]:
        return {name: one for name, one in self.host.registry(self.hook).items() if self.accepts(one)}
