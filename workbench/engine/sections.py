"""What a checked recipe is made of: the options of its sections, and which component each of them names."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from workbench.component import Component
from workbench.encoders import find_encoder
from workbench.host import Host
from workbench.io.digests import digest_path
from workbench.options import OptionField, as_json, option, option_fields


@dataclass(frozen=True)
class RecipeOptions:
    """The keys at the top of a recipe."""

    seed: int = option(13, "every random stream is derived from it", ge=0, le=2**32 - 1)
    requires: tuple[str, ...] = option((), "plugins that the recipe cannot do without")


@dataclass(frozen=True)
class ImportOptions:
    """The keys of an `[[import]]` beside those of its reader."""

    reader: str = option(dataclasses.MISSING, "which reader")
    source: str = option(
        dataclasses.MISSING, "file, folder or name that the reader opens; relative to the recipe", kind="path"
    )
    split: dict[str, float] | None = option(
        None,
        "shares to divide the rows into, or the one split that they all belong to; none = all into train; "
        "rows whose source states a split keep it",
    )
    rare: Literal["refuse", "drop", "train"] = option(
        "refuse", "an intent with fewer rows than splits: refuse it, drop it, or put it all into train"
    )


@dataclass(frozen=True)
class EvaluateOptions:
    """The keys of `[evaluate]`."""

    use: tuple[str, ...] | None = option(None, "metrics; none = every one that fits the task")
    baselines: tuple[str, ...] | None = option(
        None, "trainers to compare with, on the same encoder; none = those that are meant for it"
    )
    splits: tuple[str, ...] = option(("dev", "test"), "splits to score; leave test out while you tune")


@dataclass(frozen=True)
class UseOptions:
    """The one key that says which component a section means."""

    use: str = option(dataclasses.MISSING, "which one")


@dataclass(frozen=True)
class ComponentConfig:
    """One component with its options, as a section of a recipe asks for it.

    Args:
        hook: the named hook that it comes from.
        name: its name there.
        component: the component.
        options: an instance of the component's options.
        settings: the section's own options, for `[[import]]`.
    """

    hook: str
    name: str
    component: Component
    options: Any
    settings: Any = None

    def identity(self, host: Host, *, work_only: bool = False) -> dict[str, Any]:
        """What of it belongs into a stage's key; files and encoders that its options name count by their content."""
        return {
            "hook": self.hook,
            "name": self.name,
            "options": as_json(self.options, key_only=True, work_only=work_only),
            "settings": as_json(self.settings, key_only=True) if self.settings is not None else {},
            "content": {
                each.name: [content_digest(each, name, host) for name in referenced_names(each, self.options)]
                for each in option_fields(type(self.options))
                if each.kind != "plain"
            },
        }


def referenced_names(field: OptionField, options: Any) -> tuple[str, ...]:
    """The files or encoders that an option names: none, one or several."""
    value = getattr(options, field.name)
    return value if isinstance(value, tuple) else (value,) if value else ()


def content_digest(field: OptionField, name: str, host: Host) -> str | None:
    """The digest of a file, folder or encoder that an option names; None for a path where nothing stands.

    Raises:
        WorkbenchError: there is no such encoder.
    """
    if field.kind == "encoder":
        return find_encoder(name, host.registry("encoders")).digest()
    return digest_path(Path(name)) if Path(name).exists() else None


def resolve_paths(options: Any, folder: Path, host: Host) -> Any:
    """The options with relative files and encoder folders made relative to the recipe's `folder`."""
    changed = {}
    for each in option_fields(type(options)):
        names = referenced_names(each, options) if each.kind != "plain" else ()
        moved = tuple(_resolve_path(each, name, folder, host) for name in names)
        if moved != names:
            changed[each.name] = moved if each.type is tuple else moved[0]
    return dataclasses.replace(options, **changed) if changed else options


def _resolve_path(field: OptionField, name: str, folder: Path, host: Host) -> str:
    if field.kind == "encoder" and (name in host.registry("encoders") or not (folder / name).is_dir()):
        return name
    return str(folder / Path(name).expanduser())


@dataclass(frozen=True)
class Recipe:
    """A checked recipe.

    Args:
        top: seed and required plugins.
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
    imports: tuple[ComponentConfig, ...]
    clean: tuple[ComponentConfig, ...] = ()
    augment: tuple[ComponentConfig, ...] = ()
    train: ComponentConfig | None = None
    evaluate: EvaluateOptions = EvaluateOptions()
    compress: tuple[ComponentConfig, ...] = ()
    gate: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()
