"""Options dataclasses on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from workbench.errors import WorkbenchError, unknown
from workbench.host import Host
from workbench.options import OptionField, check_value, option_fields, parse_options, parse_text


class FieldType(click.ParamType[Any]):
    """A click type that reads a text as a field of an options dataclass does."""

    def __init__(self, field: OptionField) -> None:
        self.field = field
        self.name = "|".join(field.choices) or {tuple: "names", dict: "table"}.get(field.type, field.type.__name__)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The checked value; a wrong one is a usage error."""
        where = param.opts[0] if param else self.field.name
        try:
            parsed = parse_text(self.field, value, where) if isinstance(value, str) else value
            return check_value(self.field, parsed, where)
        except WorkbenchError as error:
            self.fail(str(error), param, ctx)


class ComponentName(click.ParamType[str]):
    """A click type for the name of a registered component; help lists the names that are registered.

    Args:
        host: the plugins, which are asked when the help is shown or a name is given.
        hook: the named hook.
        accepts: whether a component may be named here.
    """

    def __init__(self, host: Host, hook: str, accepts: Callable[[Any], bool] = bool) -> None:
        self.host, self.hook, self.accepts = host, hook, accepts

    @property
    def name(self) -> str:  # type: ignore[override]
        """The names that may be given."""
        return "|".join(self.names())

    def names(self) -> list[str]:
        """The names of the components that may be named: the default first, then in their order."""
        known = {name: one for name, one in self.host.registry(self.hook).items() if self.accepts(one)}
        return sorted(known, key=lambda name: (not getattr(known[name], "default", False), name))

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """The names, as help shows them."""
        return f"[{self.name}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name; an unknown one is a usage error."""
        if value not in self.names():
            self.fail(str(unknown("name", value, self.names())), param, ctx)
        return str(value)


def flag(name: str, prefix: str = "") -> str:
    """The long option of a field: `--max-length`, or `--int8.per-channel` with a prefix."""
    return f"--{prefix}{'.' if prefix else ''}{name.replace('_', '-')}"


def _parameter(name: str, prefix: str) -> str:
    return f"{prefix}__{name}".replace("-", "_").lstrip("_")


def click_options(
    options: type, prefix: str = "", *, short: bool = False, host: Host | None = None
) -> list[click.Option]:
    """A click option for every field; one that nobody gives stays None. What is off anyway has no `--no-` form.

    Args:
        options: the dataclass.
        prefix: put before the names.
        short: whether they go by their names without the prefix too.
        host: the plugins; with them, an option that names a component lists the registered names.
    """
    made = []
    for field in option_fields(options):
        words = "none" if field.default is None else ",".join(field.default) if field.type is tuple else field.default
        if host and field.registry and field.default is None:
            words = "the first"
        spelt = dict.fromkeys(["", prefix] if short else [prefix])
        flags, parameter = [flag(field.name, each) for each in spelt], _parameter(field.name, prefix)
        help_text = f"{field.help}  [default: {words if words != '' else 'none'}]"
        if field.type is bool and not field.default and not field.optional:
            made.append(click.Option([*flags, parameter], is_flag=True, default=None, help=field.help))
        elif field.type is bool:
            both = [f"{yes}/{flag('no-' + field.name, each)}" for yes, each in zip(flags, spelt, strict=True)]
            made.append(click.Option([*both, parameter], default=None, help=help_text))
        else:
            kind = ComponentName(host, field.registry) if host and field.registry else FieldType(field)
            made.append(click.Option([*flags, parameter], type=kind, default=None, help=help_text))
    return made


def given(options: type, values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of a dataclass's fields that the command line gave."""
    named = {field.name: values.get(_parameter(field.name, prefix)) for field in option_fields(options)}
    return {name: value for name, value in named.items() if value is not None}


def collect(options: type, values: Mapping[str, Any], prefix: str = "") -> Any:
    """The instance that the command line's values make."""
    return parse_options(options, given(options, values, prefix), f"--{prefix}" if prefix else "command line")
