"""Commands whose options depend on the components that the command line names."""

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

CHOSEN = "workbench.chosen"
BY_DEFAULT = "workbench.by_default"


class ComponentCommand(click.Command):
    """A verb with an option (`--use`, `--reader`) that names components of a hook, and the options of these.

    With several components, their options carry the component's name: `--int8.reduce-range yes`. Those of the default
    go without it too.

    Args:
        host: the plugins.
        hook: the named hook.
        choice: the option that names a component.
        several: whether it may be given more than once.
        default: gives what is used when it is not given.
        accepts: whether a component may be named here.
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
        """Find the components that `args` names, then parse with their options."""
        named = self._registries(args)
        ctx.meta[CHOSEN], ctx.meta[BY_DEFAULT] = named or self.default(), not named
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The verb's own options and those of the components."""
        own = super().get_params(ctx)
        more: list[click.Parameter] = []
        for name in ctx.meta.get(CHOSEN, ()):
            prefix = name if self.several else ""
            more += click_options(self._component(name).options, prefix, short=ctx.meta[BY_DEFAULT], host=self.host)
        return [*own[:-1], *more, own[-1]]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List what `--use` may name."""
        super().format_epilog(ctx, formatter)
        components = self._accepted()
        with formatter.section(f"--{self.choice} NAME; each adds options of its own (--{self.choice} NAME --help)"):
            formatter.write_dl([(name, component.summary) for name, component in sorted(components.items())])

    def steps(self, ctx: click.Context) -> tuple[ComponentConfig, ...]:
        """The components with the options that the command line gave."""
        made = []
        for name in ctx.meta[CHOSEN]:
            component = self._component(name)
            options = collect(component.options, ctx.params, name if self.several else "")
            made.append(ComponentConfig(self.hook, name, component, options))
        return tuple(made)

    def _registries(self, args: Sequence[str]) -> tuple[str, ...]:
        flag = f"--{self.choice}"
        named = [args[i + 1] for i, word in enumerate(args[:-1]) if word == flag]
        named += [word.partition("=")[2] for word in args if word.startswith(f"{flag}=")]
        names = [
            part for name in named for part in (name.split(",") if self.several else [name]) if not part.startswith("-")
        ]
        for name in names:
            self._component(name)
        if len(names) > 1 and not self.several:
            raise UsageProblem(f"--{self.choice} is given {len(names)} times", remedy="Give one")
        for name, count in Counter(names).items():
            if count > 1:
                raise UsageProblem(
                    f"{flag} names {name!r} {count} times, and a command line has one set of options for each",
                    remedy="Name it once, or write a recipe, where each is a step with options of its own",
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
