"""Turn options dataclasses into options of the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from workbench.errors import WorkbenchError, unknown
from workbench.host import Host
from workbench.options import OptionField, check_value, option_fields, parse_options, parse_text


class FieldType(click.ParamType[Any]):
    """A click type that parses and checks a value for a field of an options dataclass."""

    def __init__(self, field: OptionField) -> None:
        self.field = field
        self.name = "|".join(field.choices) or {tuple: "names", dict: "table"}.get(field.type, field.type.__name__)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the checked value; an invalid value is a usage error."""
        where = param.opts[0] if param else self.field.name
        try:
            parsed = parse_text(self.field, value, where) if isinstance(value, str) else value
            return check_value(self.field, parsed, where)
        except WorkbenchError as error:
            self.fail(str(error), param, ctx)


class ComponentName(click.ParamType[str]):
    """A click type for the name of a registered component; `--help` lists the registered names.

    Args:
        host: the plugins, read when click shows the help or converts a name.
        hook: the named hook.
        accepts: function that returns whether the option accepts a component.
    """

    def __init__(self, host: Host, hook: str, accepts: Callable[[Any], bool] = bool) -> None:
        self.host, self.hook, self.accepts = host, hook, accepts

    @property
    def name(self) -> str:  # type: ignore[override]
        """The accepted names, separated by "|"."""
        return "|".join(self.names())

    def names(self) -> list[str]:
        """Return the names of the accepted components: the default first, then in alphabetical order."""
        known = {name: one for name, one in self.host.registry(self.hook).items() if self.accepts(one)}
        return sorted(known, key=lambda name: (not getattr(known[name], "default", False), name))

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """Return the names as `--help` shows them."""
        return f"[{self.name}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name; an unknown name is a usage error."""
        if value not in self.names():
            self.fail(str(unknown("name", value, self.names())), param, ctx)
        return str(value)


def flag(name: str, prefix: str = "") -> str:
    """Return the long option of a field: `--max-length`, or `--int8.per-channel` with a prefix."""
    return f"--{prefix}{'.' if prefix else ''}{name.replace('_', '-')}"


def _parameter(name: str, prefix: str) -> str:
    return f"{prefix}__{name}".replace("-", "_").lstrip("_")


def click_options(
    options: type, prefix: str = "", *, short: bool = False, host: Host | None = None
) -> list[click.Option]:
    """Return a click option for every field, with None as its default value.

    A flag whose default is False has no `--no-` form.

    Args:
        options: the dataclass.
        prefix: prefix of the option names, such as a component's name.
        short: whether the option names also work without the prefix.
        host: the plugins. With `host`, an option that names a component lists the registered names.
    """
    click_options = []
    for field in option_fields(options):
        default = "none" if field.default is None else ",".join(field.default) if field.type is tuple else field.default
        if host and field.registry and field.default is None:
            default = "the first"
        prefixes = dict.fromkeys(["", prefix] if short else [prefix])
        flags, parameter = [flag(field.name, each) for each in prefixes], _parameter(field.name, prefix)
        help_text = f"{field.help}  [default: {default if default != '' else 'none'}]"
        if field.type is bool and not field.default and not field.optional:
            click_options.append(click.Option([*flags, parameter], is_flag=True, default=None, help=field.help))
        elif field.type is bool:
            pairs = [f"{yes}/{flag('no-' + field.name, each)}" for yes, each in zip(flags, prefixes, strict=True)]
            click_options.append(click.Option([*pairs, parameter], default=None, help=help_text))
        else:
            kind = ComponentName(host, field.registry) if host and field.registry else FieldType(field)
            click_options.append(click.Option([*flags, parameter], type=kind, default=None, help=help_text))
    return click_options


def collect(options: type, values: Mapping[str, Any], prefix: str = "") -> Any:
    """Build an instance of an options dataclass from the values of the command line.

    Args:
        options: the dataclass.
        values: click parameter -> value; None = the option is not set.
        prefix: prefix of the options, such as a component's name.
    """
    all_values = {field.name: values.get(_parameter(field.name, prefix)) for field in option_fields(options)}
    set_values = {name: value for name, value in all_values.items() if value is not None}
    return parse_options(options, set_values, f"--{prefix}" if prefix else "command line")
