"""Recipes: a TOML file, overridden from the command line, checked against what the plugins offer."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import UsageProblem, WorkbenchError, unknown
from workbench.host import Host
from workbench.nouns.dataset import TASKS
from workbench.offers import Offer
from workbench.options import as_json, option, option_fields, parse_options, partition

TABLES = ("clean", "augment", "train", "evaluate", "gate")
LISTS = ("import", "compress")


@dataclass(frozen=True)
class RecipeOptions:
    """The keys at the top of a recipe."""

    seed: int = option(13, "every random stream is derived from it", least=0)
    task: str = option("intent", "intent, intents or translation")
    requires: tuple[str, ...] = option((), "plugins that the recipe cannot do without")


@dataclass(frozen=True)
class ImportOptions:
    """The keys of an `[[import]]` beside those of its reader."""

    reader: str = option("csv", "which reader")
    source: str = option("", "file, folder or name that the reader opens; relative to the recipe", kind="path")
    split: dict[str, float] | None = option(
        None, "shares to divide the rows into, or the one split that they all belong to; None: the source says"
    )
    rare: str = option("refuse", "an intent with fewer rows than splits: refuse, drop it, or put it all into train")


@dataclass(frozen=True)
class EvaluateOptions:
    """The keys of `[evaluate]`."""

    use: tuple[str, ...] | None = option(None, "metrics; None: every one that fits the task")
    baselines: tuple[str, ...] = option(("names", "probe"), "trainers to compare with, on the same encoder")
    splits: tuple[str, ...] = option(("dev", "test"), "splits to score; leave test out while you tune")


@dataclass(frozen=True)
class UseOptions:
    """The one key that says which offer a section means."""

    use: str = option("", "which one")


@dataclass(frozen=True)
class Step:
    """One offer with its options, as a section of a recipe asks for it.

    Args:
        hook: the named hook that it comes from.
        name: its name there.
        offer: the offer.
        options: an instance of the offer's options.
        settings: the section's own options, for `[[import]]`.
    """

    hook: str
    name: str
    offer: Offer
    options: Any
    settings: Any = None

    def identity(self) -> dict[str, Any]:
        """What of it belongs into a stage's key."""
        settings = as_json(self.settings, key_only=True) if self.settings is not None else {}
        return {
            "hook": self.hook,
            "name": self.name,
            "options": as_json(self.options, key_only=True),
            "settings": settings,
        }


@dataclass(frozen=True)
class Recipe:
    """A checked recipe.

    Args:
        top: seed, task, required plugins.
        imports: one step a source.
        clean: cleaners in their order.
        augment: augmenters in their order.
        train: the trainer, or None.
        evaluate: how to score.
        compress: passes in their order.
        gate: budget -> limit; empty without a gate.
        values: the whole recipe as JSON.
        folder: what relative sources are relative to.
    """

    top: RecipeOptions
    imports: tuple[Step, ...]
    clean: tuple[Step, ...]
    augment: tuple[Step, ...]
    train: Step | None
    evaluate: EvaluateOptions
    compress: tuple[Step, ...]
    gate: Mapping[str, float]
    values: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()


def load_recipe(path: Path, host: Host, overrides: Sequence[tuple[str, str]] = ()) -> Recipe:
    """Read, override and check a recipe.

    Args:
        path: a TOML file.
        host: the plugins that it may use.
        overrides: dotted key and text, such as `("train.epochs", "3")`.

    Raises:
        WorkbenchError: the file cannot be read, or asks for something that does not exist.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageProblem("there is no such recipe", where=path, remedy="Write one with: workbench init") from None
    except (IsADirectoryError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageProblem(f"is no readable TOML ({error})", where=path) from error
    for key, text in overrides:
        override(values, key, text)
    return check_recipe(values, host, path.name, path.parent)


def override(values: dict[str, Any], dotted: str, text: str) -> None:
    """Set `dotted` (`train.epochs`, `compress.int8.per_channel`, `import.0.source`) to a TOML value or text."""
    *parents, last = dotted.split(".")
    place: Any = values
    for part in parents:
        place = _inside(place, part, dotted)
    if not isinstance(place, dict):
        raise UsageProblem(f"--{dotted} does not lead to a key")
    place[last] = _value(text)


def _inside(place: Any, part: str, dotted: str) -> Any:
    if isinstance(place, dict):
        return place.setdefault(part, {})
    if isinstance(place, list):
        named = [entry for entry in place if part in (entry.get("use"), entry.get("reader"))]
        if part.isdecimal() and int(part) < len(place):
            return place[int(part)]
        if len(named) == 1:
            return named[0]
        known = [str(entry.get("use") or entry.get("reader")) for entry in place]
        raise unknown("entry", part, known, where=f"--{dotted}")
    raise UsageProblem(f"--{dotted} does not lead to a key")


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def check_recipe(values: Mapping[str, Any], host: Host, where: str, folder: Path) -> Recipe:
    """The recipe that `values` describes.

    Raises:
        UsageProblem: an unknown key, name or type, with the nearest that is known.
    """
    top_keys = [f.name for f in option_fields(RecipeOptions)]
    for key, value in values.items():
        if key not in (*top_keys, *TABLES, *LISTS):
            raise unknown("key", key, [*top_keys, *TABLES, *LISTS], where=where)
        if key in TABLES and not isinstance(value, dict):
            raise UsageProblem(f"[{key}] is no table", where=where)
        if key in LISTS and not (isinstance(value, list) and all(isinstance(part, dict) for part in value)):
            raise UsageProblem(
                f"[[{key}]] is no list of tables", where=where, remedy=f"Write [[{key}]] with two brackets"
            )
    top = parse_options(RecipeOptions, {key: values[key] for key in top_keys if key in values}, where)
    if top.task not in TASKS:
        raise unknown("task", top.task, TASKS, where=where)
    host.require(top.requires, where)
    train = _use(host, "trainers", values["train"], f"{where}: [train]") if "train" in values else None
    if train is not None and top.task not in getattr(train.offer, "tasks", (top.task,)):
        raise WorkbenchError(f"the trainer {train.name} does not know the task {top.task!r}", where=f"{where}: [train]")
    evaluate = parse_options(EvaluateOptions, values.get("evaluate", {}), f"{where}: [evaluate]")
    _check_names(host, evaluate, f"{where}: [evaluate]")
    return Recipe(
        top=top,
        imports=tuple(
            _import(host, entry, f"{where}: [[import]] {n}") for n, entry in enumerate(values.get("import", []))
        ),
        clean=_chain(host, "cleaners", values.get("clean", {}), f"{where}: [clean]"),
        augment=_chain(host, "augmenters", values.get("augment", {}), f"{where}: [augment]"),
        train=train,
        evaluate=evaluate,
        compress=tuple(
            _use(host, "passes", entry, f"{where}: [[compress]] {n}")
            for n, entry in enumerate(values.get("compress", []))
        ),
        gate=_gate(host, values.get("gate", {}), f"{where}: [gate]"),
        values=copy.deepcopy(dict(values)),
        folder=folder,
    )


def _offer(host: Host, hook: str, name: Any, where: str) -> Offer:
    named = host.named(hook)
    if name not in named:
        raise unknown(hook.removesuffix("es" if hook == "passes" else "s"), name, named, where=where)
    offer: Offer = named[name]
    return offer


def _import(host: Host, entry: Mapping[str, Any], where: str) -> Step:
    if "reader" not in entry:
        raise UsageProblem(
            "'reader' is missing", where=where, remedy=f"Known: {', '.join(sorted(host.named('readers')))}"
        )
    offer = _offer(host, "readers", entry["reader"], where)
    own, theirs = partition(ImportOptions, offer.options, entry, where)
    settings = parse_options(ImportOptions, own, where)
    if settings.rare not in ("refuse", "drop", "train"):
        raise unknown("value", settings.rare, ("refuse", "drop", "train"), where=f"{where}.rare")
    return Step("readers", settings.reader, offer, parse_options(offer.options, theirs, where), settings)


def _use(host: Host, hook: str, entry: Mapping[str, Any], where: str) -> Step:
    if "use" not in entry:
        raise UsageProblem("'use' is missing", where=where, remedy=f"Known: {', '.join(sorted(host.named(hook)))}")
    offer = _offer(host, hook, entry["use"], where)
    _, theirs = partition(UseOptions, offer.options, entry, where)
    return Step(hook, entry["use"], offer, parse_options(offer.options, theirs, where))


def _chain(host: Host, hook: str, table: Mapping[str, Any], where: str) -> tuple[Step, ...]:
    use = table.get("use", [])
    if not isinstance(use, list):
        raise UsageProblem(f"use is {use!r}", where=where, remedy="Give a list of names")
    offers = {name: _offer(host, hook, name, where) for name in use}
    for key in table:
        if key != "use" and key not in use:
            raise unknown("key", key, ["use", *use], where=where)
    steps = []
    for name, offer in offers.items():
        options = parse_options(offer.options, table.get(name, {}), f"{where}.{name}")
        steps.append(Step(hook, name, offer, options))
    return tuple(steps)


def _check_names(host: Host, evaluate: EvaluateOptions, where: str) -> None:
    for name in evaluate.use or ():
        _offer(host, "metrics", name, where)
    for name in evaluate.baselines:
        _offer(host, "trainers", name, where)
    for name in evaluate.splits:
        if name not in ("dev", "test"):
            raise unknown("split", name, ("dev", "test"), where=where)


def _gate(host: Host, table: Mapping[str, Any], where: str) -> dict[str, float]:
    for name, limit in table.items():
        _offer(host, "budgets", name, where)
        if not isinstance(limit, (int, float)) or isinstance(limit, bool):
            raise UsageProblem(f"is {limit!r}", where=f"{where}.{name}", remedy="Give a number")
    return {name: float(limit) for name, limit in table.items()}
