"""Options: one frozen dataclass defines options for the command line, the recipe and the documentation.

    @dataclass(frozen=True)
    class TypoOptions:
        rate: float = option(0.1, "share of the utterances that get a copy", ge=0.0, le=1.0)

A field may have these types: bool, int, float, str, a Literal of strings, `tuple[str, ...]`, `dict[str, float]`, and
the union of one of these with None.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from workbench.errors import UsageProblem, unknown
from workbench.io.digests import digest_path

Kind = Literal["plain", "path", "encoder"]


@dataclass(frozen=True)
class NoOptions:
    """Options of a component that has none."""


def option(
    default: Any,
    help: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    kind: Kind = "plain",
    registry: str | None = None,
    affects_output: bool = True,
    affects_cache: bool = True,
) -> Any:
    """Define a field of an options dataclass.

    Args:
        default: the default value.
        help: one line for the command line and the documentation.
        ge: smallest allowed number.
        le: largest allowed number.
        kind: a `path` (file or folder) and an `encoder` (base model) enter the stage's key by content, not by name.
        registry: the hook whose components the option names. The default None selects the default component.
        affects_output: False for options that cannot change a result, such as a number of threads.
        affects_cache: False for budgets and stopping limits: changing them keeps cached intermediate results valid.
    """
    metadata = {
        "help": help,
        "ge": ge,
        "le": le,
        "kind": kind,
        "registry": registry,
        "affects_output": affects_output,
        "affects_cache": affects_cache,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class OptionField:
    """One option, described for the command line and the documentation; attributes as in `option`."""

    name: str
    type: Any  # bool, int, float, str, tuple or dict
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    optional: bool = False
    ge: float | None = None
    le: float | None = None
    kind: Kind = "plain"
    registry: str | None = None
    affects_output: bool = True
    affects_cache: bool = True

    @property
    def type_name(self) -> str:
        """The type for help texts and errors."""
        if self.choices:
            return " | ".join(self.choices)
        if self.registry:
            return f"one of the {self.registry}"
        words = {tuple: "list of names", dict: "table of numbers", str: "text", bool: "true | false"}
        return words.get(self.type) or str(self.type.__name__)


def option_fields(options: type) -> list[OptionField]:
    """Return the fields of an options dataclass in their order."""
    hints = typing.get_type_hints(options)
    return [_field(field, hints[field.name]) for field in dataclasses.fields(options)]


def _field(field: dataclasses.Field[Any], hint: Any) -> OptionField:
    optional, choices = False, ()
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        inner = [part for part in typing.get_args(hint) if part is not type(None)]
        hint, optional = inner[0], True
    if typing.get_origin(hint) is Literal:
        choices, hint = typing.get_args(hint), str
    hint = typing.get_origin(hint) or hint
    known = {key: value for key, value in field.metadata.items() if value is not None}
    return OptionField(field.name, hint, field.default, choices=choices, optional=optional, **{"help": "", **known})


def partition(
    settings: type, component_options: type, values: Mapping[str, Any], where: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the values of a recipe's section into the section's settings and the options of its component.

    Raises:
        UsageProblem: a key is neither.
    """
    own = {field.name for field in option_fields(settings)}
    known = own | {field.name for field in option_fields(component_options)}
    for key in values:
        if key not in known:
            raise unknown("key", key, known, where=where)
    return (
        {key: value for key, value in values.items() if key in own},
        {key: value for key, value in values.items() if key not in own},
    )


def parse_options(options: type, values: Mapping[str, Any], where: str) -> Any:
    """Build an instance of the dataclass `options` from values of a recipe's section or of the command line.

    Raises:
        UsageProblem: an unknown or missing key, a wrong type, or a number out of range.
    """
    fields = {field.name: field for field in option_fields(options)}
    for key in values:
        if key not in fields:
            raise unknown("key", key, fields, where=where)
    for name, field in fields.items():
        if field.default is dataclasses.MISSING and name not in values:
            raise UsageProblem(f"{name!r} is missing", where=where, remedy=f"Set {name}: {field.help}")
    return options(**{key: check_value(fields[key], value, f"{where}.{key}") for key, value in values.items()})


def check_value(field: OptionField, value: Any, where: str) -> Any:
    """Check the type and range of a value, and return the value.

    An integer is accepted as a float, a list as a tuple, and a text as a table with one key: `split = "test"`.

    Raises:
        UsageProblem: the value has another type or is out of range.
    """
    if value is None and field.optional:
        return None
    if field.type is tuple and isinstance(value, (list, tuple)) and all(isinstance(part, str) for part in value):
        return tuple(value)
    if field.type is dict and isinstance(value, str):
        value = {value: 1.0}
    if field.type is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    wrong = not isinstance(value, field.type) or (isinstance(value, bool) and field.type is not bool)
    if field.type is dict and not wrong:
        value = {str(key): float(part) if _is_number(part) else part for key, part in value.items()}
        wrong = not all(isinstance(part, float) for part in value.values())
    if wrong:
        raise UsageProblem(
            f"is {value!r}, a {type(value).__name__}", where=where, remedy=f"Set {field.type_name}: {field.help}"
        )
    if field.choices and value not in field.choices:
        raise unknown("value", value, field.choices, where=where)
    numbers = value.values() if isinstance(value, dict) else [value] if field.type is float else []
    if not all(math.isfinite(number) for number in numbers):
        raise UsageProblem(f"is {value}", where=where, remedy="Set a finite number")
    if field.ge is not None and value < field.ge:
        raise UsageProblem(f"is {value}", where=where, remedy=f"The value must be at least {field.ge:g}")
    if field.le is not None and value > field.le:
        raise UsageProblem(f"is {value}", where=where, remedy=f"The value must be at most {field.le:g}")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def parse_text(field: OptionField, text: str, where: str) -> Any:
    """Parse a value from the command line; commas separate the items of a list, and a table is `a=1,b=2`.

    Raises:
        UsageProblem: the text is not a value of the field's type.
    """
    try:
        if field.optional and text.lower() in ("none", ""):
            return None
        if field.type is bool:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        if field.type is tuple:
            return tuple(part.strip() for part in text.split(",") if part.strip())
        if field.type is dict:
            parts = [part.partition("=") for part in text.split(",")]
            return {key.strip(): float(value) if equals else 1.0 for key, equals, value in parts}
        return field.type(text)
    except (ValueError, KeyError):
        raise UsageProblem(f"is {text!r}", where=where, remedy=f"Set {field.type_name}: {field.help}") from None


def file_digests(options: Any) -> dict[str, str]:
    """Return `NAME_sha256` of each file or folder that an option names, to identify its content in a model's history.

    Raises:
        OSError: a file cannot be read.
    """
    paths = {field.name: getattr(options, field.name) for field in option_fields(type(options)) if field.kind == "path"}
    return {f"{name}_sha256": digest_path(Path(path).expanduser()) for name, path in paths.items() if path}


def as_json(options: Any, *, key_only: bool = False, work_only: bool = False) -> dict[str, Any]:
    """Return the values of an options instance as JSON.

    Args:
        options: the instance.
        key_only: return only options that affect the output. A path is reduced to its last part, because the folder
            does not matter and the content is a separate part of the key.
        work_only: return only options that affect both output and cache, for the key of the scratch folder.
    """
    values = {field.name: getattr(options, field.name) for field in option_fields(type(options))}
    if not (key_only or work_only):
        return values
    paths = {field.name for field in option_fields(type(options)) if field.kind != "plain"}
    keys = {
        field.name
        for field in option_fields(type(options))
        if field.affects_output and (field.affects_cache or not work_only)
    }
    return {name: _last_part(value) if name in paths else value for name, value in values.items() if name in keys}


def _last_part(value: str | tuple[str, ...] | None) -> Any:
    if isinstance(value, tuple):
        return [_last_part(part) for part in value]
    return value and value.rstrip("/").rpartition("/")[2]
