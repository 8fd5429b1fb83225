"""Recipes: read a TOML file, apply overrides, and check every section against the registered components."""

from __future__ import annotations

import copy
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.engine.overrides import override
from workbench.engine.sections import (
    ComponentConfig,
    EvaluateOptions,
    ImportOptions,
    Recipe,
    RecipeOptions,
    UseOptions,
    resolve_paths,
)
from workbench.errors import UsageProblem, unknown
from workbench.host import Host
from workbench.nouns.splits import check_shares
from workbench.nouns.utterance import SPLITS
from workbench.options import option_fields, parse_options, partition

TABLES = ("clean", "augment", "train", "evaluate", "gate")
LISTS = ("import", "compress")


def load_recipe(path: Path, host: Host, overrides: Sequence[tuple[str, str]] = ()) -> Recipe:
    """Read a recipe, apply overrides, and check the result.

    Args:
        path: a TOML file.
        host: the host with the plugins that the recipe may use.
        overrides: pairs of dotted key and text, such as `("train.epochs", "3")`.

    Raises:
        WorkbenchError: the file cannot be read, or names an unknown key or component.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageProblem(
            "there is no such recipe", where=path, remedy="Write a recipe with: workbench init"
        ) from None
    except (IsADirectoryError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageProblem(
            f"is not readable TOML ({error})", where=path, remedy="Correct the file, or write a new one: workbench init"
        ) from error
    for key, text in overrides:
        override(values, key, text)
    return check_recipe(values, host, path.name, path.parent)


def check_recipe(values: Mapping[str, Any], host: Host, where: str, folder: Path) -> Recipe:
    """Check the values of a recipe and resolve its components.

    Args:
        values: the parsed TOML with overrides.
        host: the host with the plugins.
        where: name of the recipe, for errors.
        folder: folder of the recipe. Relative paths start here.

    Raises:
        UsageProblem: a key, name or type is wrong; the message suggests the nearest known name.
    """
    top = _top(values, where)
    host.require(top.requires, where)
    check = _Checker(host, folder)
    train = check.use("trainers", values["train"], f"{where}: [train]") if "train" in values else None
    compress = values.get("compress", [])
    return Recipe(
        top=top,
        imports=tuple(check.source(t, f"{where}: [[import]] {n}") for n, t in enumerate(values.get("import", []))),
        clean=check.chain("cleaners", values.get("clean", {}), f"{where}: [clean]"),
        augment=check.chain("augmenters", values.get("augment", {}), f"{where}: [augment]"),
        train=train,
        evaluate=check.evaluate(values.get("evaluate", {}), f"{where}: [evaluate]"),
        compress=tuple(check.use("passes", t, f"{where}: [[compress]] {n}") for n, t in enumerate(compress)),
        gate=check.gate(values.get("gate", {}), f"{where}: [gate]"),
        values=copy.deepcopy(dict(values)),
        folder=folder,
    )


def _top(values: Mapping[str, Any], where: str) -> RecipeOptions:
    keys = [field.name for field in option_fields(RecipeOptions)]
    for key, value in values.items():
        if key not in (*keys, *TABLES, *LISTS):
            raise unknown("key", key, [*keys, *TABLES, *LISTS], where=where)
        if key in TABLES and not isinstance(value, dict):
            raise UsageProblem(f"{key!r} is not a table", where=where, remedy=f"Write [{key}] with its keys below")
        if key in LISTS and not (isinstance(value, list) and all(isinstance(part, dict) for part in value)):
            raise UsageProblem(
                f"{key!r} is not a list of tables", where=where, remedy=f"Write [[{key}]] with two brackets"
            )
    options: RecipeOptions = parse_options(RecipeOptions, {key: values[key] for key in keys if key in values}, where)
    return options


class _Checker:
    """Convert the tables of a recipe into component configs.

    Args:
        host: the host with the plugins.
        folder: folder of the recipe. Relative paths of files and encoders start here.
    """

    def __init__(self, host: Host, folder: Path) -> None:
        self.host, self.folder = host, folder

    def use(self, hook: str, table: Mapping[str, Any], where: str) -> ComponentConfig:
        """Read the component config of a table with the key `use` and the component's options."""
        name = self._component_name(hook, table, "use", where)
        component = self.host.registry(hook).pick(name, where)
        _, options = partition(UseOptions, component.options, table, where)
        return ComponentConfig(hook, name, component, self._options(component.options, options, where))

    def source(self, table: Mapping[str, Any], where: str) -> ComponentConfig:
        """Read the component config of an `[[import]]`."""
        name = self._component_name("readers", table, "reader", where)
        component = self.host.registry("readers").pick(name, where)
        own, options = partition(ImportOptions, component.options, table, where)
        settings = parse_options(ImportOptions, own, where)
        if settings.split is not None:
            check_shares(settings.split, f"{where}.split")
        return ComponentConfig("readers", name, component, self._options(component.options, options, where), settings)

    def chain(self, hook: str, table: Mapping[str, Any], where: str) -> tuple[ComponentConfig, ...]:
        """Read the component configs of a table whose `use` is a list.

        The options of a component are in a subtable with the component's name.
        """
        use = table.get("use", [])
        if not isinstance(use, list):
            raise UsageProblem(
                f"'use' is {use!r}, expected a list of names", where=where, remedy='Write use = ["NAME", "NAME"]'
            )
        components = {name: self.host.registry(hook).pick(name, where) for name in map(_text, use)}
        for key, value in table.items():
            if key != "use" and key not in components:
                raise unknown("key", key, ["use", *components], where=where)
            if key != "use" and not isinstance(value, dict):
                raise UsageProblem(
                    f"{key!r} is {value!r}, expected a table", where=where, remedy=f"Write a table [….{key}]"
                )
        return tuple(
            ComponentConfig(
                hook, name, component, self._options(component.options, table.get(name, {}), f"{where}.{name}")
            )
            for name, component in components.items()
        )

    def evaluate(self, table: Mapping[str, Any], where: str) -> EvaluateOptions:
        """Read the options of `[evaluate]` and check their metrics, baselines and splits."""
        options: EvaluateOptions = parse_options(EvaluateOptions, table, where)
        for hook, names in (("metrics", options.use), ("trainers", options.baselines)):
            for name in names or ():
                self.host.registry(hook).pick(name, where)
        for name in options.splits:
            if name not in SPLITS:
                raise unknown("split", name, SPLITS, where=where)
        return options

    def gate(self, table: Mapping[str, Any], where: str) -> dict[str, float]:
        """Read the limit of every budget of `[gate]`."""
        for name, limit in table.items():
            self.host.registry("budgets").pick(name, where)
            if not isinstance(limit, (int, float)) or isinstance(limit, bool) or not math.isfinite(limit):
                raise UsageProblem(
                    f"is {limit!r}, expected a finite number", where=f"{where}.{name}", remedy=f"Write {name} = 1.0"
                )
        return {name: float(limit) for name, limit in table.items()}

    def _component_name(self, hook: str, table: Mapping[str, Any], key: str, where: str) -> str:
        if key not in table:
            known = ", ".join(sorted(self.host.registry(hook)))
            raise UsageProblem(f"{key!r} is missing", where=where, remedy=f"Set it to one of: {known}")
        return _text(table[key])

    def _options(self, options: type, values: Mapping[str, Any], where: str) -> Any:
        parsed = parse_options(options, values, where)
        for field in option_fields(options):
            if field.registry and (name := getattr(parsed, field.name)) is not None:
                self.host.registry(field.registry).pick(name, f"{where}.{field.name}")
        return resolve_paths(parsed, self.folder, self.host)


def _text(name: Any) -> str:
    return name if isinstance(name, str) else repr(name)
