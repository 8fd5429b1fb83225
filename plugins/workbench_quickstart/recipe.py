"""A recipe as text: every option of every section, those that are not set as comments."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.api import Host, OptionField, UsageProblem, option_fields
from workbench.api.engine import EvaluateOptions, ImportOptions, RecipeOptions
from workbench.api.text import well_formed

WIDE = {"max_accuracy_drop": 4.0, "min_agreement": 0.9}  # with a hundred dev rows, each is a point
BUDGETS = {**WIDE, "max_label_changes": 0}


@dataclass(frozen=True)
class Wish:
    """What a recipe shall say.

    Args:
        source: what the reader opens.
        reader: its name.
        reader_options: what to set of the reader's options.
        split: shares; None = every row states its split.
        cleaners: in their order.
        augmenters: in their order.
        trainer: its name.
        encoder: of the trainer.
        passes: in their order.
        budgets: budget -> limit.
        rare: what happens to an intent with fewer rows than splits.
        comments: lines that stand above the recipe.
    """

    source: str = "en"
    reader: str = "quickstart"
    reader_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    split: Mapping[str, float] | None = dataclasses.field(
        default_factory=lambda: {"train": 0.7, "dev": 0.15, "test": 0.15}
    )
    cleaners: tuple[str, ...] = ("repair", "conflicts", "exact-duplicates")
    augmenters: tuple[str, ...] = ()
    trainer: str = "finetune"
    encoder: str = "minilm"
    passes: tuple[str, ...] = ("onnx", "int8")
    budgets: Mapping[str, float] = dataclasses.field(default_factory=lambda: BUDGETS)
    rare: str = ImportOptions.rare
    comments: tuple[str, ...] = ()


def recipe_text(wish: Wish, host: Host) -> str:
    """The recipe in TOML. What stands behind `#` is an option with its default.

    Raises:
        UsageProblem: the host knows no such reader, trainer …, or a name is not UTF-8, as TOML must be.
    """
    parts = [
        *("".join(f"# {line}\n" for line in wish.comments) for _ in wish.comments[:1]),
        "# From a labelled dataset to a served model: workbench run THIS_FILE\n"
        "# Each line that begins with # is an option with its default; take the # away to set it.\n",
    ]
    parts.append(_lines(option_fields(RecipeOptions), {"seed": RecipeOptions.seed}))
    component = host.registry("readers")[wish.reader]
    set_here = {"reader": wish.reader, "source": wish.source, **wish.reader_options}
    if wish.split is not None:
        set_here["split"] = dict(wish.split)
    if wish.rare != ImportOptions.rare:
        set_here["rare"] = wish.rare
    parts.append("[[import]]\n" + _lines([*option_fields(ImportOptions), *option_fields(component.options)], set_here))
    parts.append(_chain("clean", "cleaners", wish.cleaners, host))
    parts.append(_chain("augment", "augmenters", wish.augmenters, host))
    trainer = host.registry("trainers")[wish.trainer]
    parts.append(
        f'[train]\nuse = "{wish.trainer}"{_known("trainers", host)}\n'
        + _lines(option_fields(trainer.options), {"encoder": wish.encoder})
    )
    parts.append("[evaluate]\n" + _lines(option_fields(EvaluateOptions), {}))
    for name in wish.passes:
        parts.append(
            f'[[compress]]\nuse = "{name}"{_known("passes", host)}\n'
            + _lines(option_fields(host.registry("passes")[name].options), {})
        )
    budgets = host.registry("budgets")
    parts.append(
        "[gate]\n"
        + "".join(f"{name} = {limit}        # {budgets[name].summary}\n" for name, limit in wish.budgets.items())
        + "".join(
            f"# {name} =         # {component.summary}\n"
            for name, component in budgets.items()
            if name not in wish.budgets
        )
    )
    return "\n".join(parts)


def _chain(table: str, hook: str, names: Sequence[str], host: Host) -> str:
    text = f"[{table}]\nuse = {json.dumps(list(names))}{_known(hook, host)}\n"
    for name in names:
        if fields := option_fields(host.registry(hook)[name].options):
            text += f"\n[{table}.{name}]\n" + _lines(fields, {})
    return text


def _known(hook: str, host: Host) -> str:
    return f"        # known: {', '.join(sorted(host.registry(hook)))}"


def _lines(fields: Sequence[OptionField], values: Mapping[str, Any]) -> str:
    lines = []
    for field in fields:
        is_set = field.name in values
        value = values[field.name] if is_set else field.default
        shown = "" if value is None or value is dataclasses.MISSING else _toml(value)
        choices = f": {field.type_name}" if field.choices else ""
        lines.append(f"{'' if is_set else '# '}{field.name} = {shown}        # {field.help}{choices}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + " }"
    if isinstance(value, str) and value != well_formed(value):
        raise UsageProblem(f"the name {value!r} is not UTF-8, which a recipe is", remedy="Rename it")
    # TOML knows the escapes of JSON, and wants DEL escaped too
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
