"""Write a recipe as text with every option of every section; options that are not set are comments."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.api import Host, OptionField, UsageProblem, option_fields
from workbench.api.engine import EvaluateOptions, ImportOptions, RecipeOptions
from workbench.api.text import well_formed

# With a hundred dev rows, each row is a percentage point, so the first two budgets are wide.
BUDGETS = {"max_accuracy_drop": 4.0, "min_agreement": 0.9, "max_label_changes": 0}


@dataclass(frozen=True)
class RecipeChoices:
    """The components and settings of a new recipe.

    Args:
        source: file, folder or name for the reader.
        reader: name of the reader.
        reader_options: option -> value, for options of the reader.
        split: split -> share of the rows; None = every row of the source states its split.
        cleaners: names of the cleaners, in order.
        augmenters: names of the augmenters, in order.
        trainer: name of the trainer.
        encoder: base model of the trainer.
        passes: names of the passes, in order.
        budgets: budget -> limit.
        rare: action for an intent with fewer rows than splits.
        comments: lines of a comment at the top of the recipe.
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


def recipe_text(choices: RecipeChoices, host: Host) -> str:
    """Return the recipe in TOML; each option that `choices` does not set is a comment with its default.

    Raises:
        UsageProblem: a component is not registered, or a name is not UTF-8, as TOML requires.
    """
    comments = "".join(f"# {line}\n" for line in choices.comments)
    parts = [
        *([comments] if comments else []),
        "# Train, compress and measure a model: workbench run THIS_FILE\n"
        "# A line that begins with # is an option with its default value; remove the # to set the option.\n",
    ]
    parts.append(_lines(option_fields(RecipeOptions), {"seed": RecipeOptions.seed}))
    component = host.registry("readers")[choices.reader]
    values: dict[str, Any] = {"reader": choices.reader, "source": choices.source, **choices.reader_options}
    if choices.split is not None:
        values["split"] = dict(choices.split)
    if choices.rare != ImportOptions.rare:
        values["rare"] = choices.rare
    parts.append("[[import]]\n" + _lines([*option_fields(ImportOptions), *option_fields(component.options)], values))
    parts.append(_section("clean", "cleaners", choices.cleaners, host))
    parts.append(_section("augment", "augmenters", choices.augmenters, host))
    trainer = host.registry("trainers")[choices.trainer]
    parts.append(
        f'[train]\nuse = "{choices.trainer}"{_registered_names("trainers", host)}\n'
        + _lines(option_fields(trainer.options), {"encoder": choices.encoder})
    )
    parts.append("[evaluate]\n" + _lines(option_fields(EvaluateOptions), {}))
    for name in choices.passes:
        parts.append(
            f'[[compress]]\nuse = "{name}"{_registered_names("passes", host)}\n'
            + _lines(option_fields(host.registry("passes")[name].options), {})
        )
    budgets = host.registry("budgets")
    parts.append(
        "[gate]\n"
        + "".join(f"{name} = {limit}        # {budgets[name].summary}\n" for name, limit in choices.budgets.items())
        + "".join(
            f"# {name} =         # {component.summary}\n"
            for name, component in budgets.items()
            if name not in choices.budgets
        )
    )
    return "\n".join(parts)


def _section(table: str, hook: str, names: Sequence[str], host: Host) -> str:
    text = f"[{table}]\nuse = {json.dumps(list(names))}{_registered_names(hook, host)}\n"
    for name in names:
        if fields := option_fields(host.registry(hook)[name].options):
            text += f"\n[{table}.{name}]\n" + _lines(fields, {})
    return text


def _registered_names(hook: str, host: Host) -> str:
    return f"        # available: {', '.join(sorted(host.registry(hook)))}"


def _lines(fields: Sequence[OptionField], values: Mapping[str, Any]) -> str:
    lines = []
    for field in fields:
        is_set = field.name in values
        value = values[field.name] if is_set else field.default
        text = "" if value is None or value is dataclasses.MISSING else _toml(value)
        choices = f": {field.type_name}" if field.choices else ""
        lines.append(f"{'' if is_set else '# '}{field.name} = {text}        # {field.help}{choices}")
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + " }"
    if isinstance(value, str) and value != well_formed(value):
        raise UsageProblem(f"the name {value!r} is not UTF-8, but a recipe must be", remedy="Rename the file or folder")
    # TOML accepts the escapes of JSON, but requires an escape for DEL too
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
