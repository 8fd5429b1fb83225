"""A checked recipe: the options of its sections and their component configs."""

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
    """Keys at the top of a recipe."""

    seed: int = option(13, "seed of all random streams", ge=0, le=2**32 - 1)
    requires: tuple[str, ...] = option((), "names of plugins that must be installed")


@dataclass(frozen=True)
class ImportOptions:
    """Keys of an `[[import]]`, without the options of its reader."""

    reader: str = option(dataclasses.MISSING, "name of the reader")
    source: str = option(
        dataclasses.MISSING,
        "file, folder or name that the reader opens; paths start at the recipe's folder",
        kind="path",
    )
    split: dict[str, float] | None = option(
        None,
        "share of each split, or one split for all rows; none = all rows into train; "
        "rows whose source states a split keep that split. "
        "If the source has no dev rows, dev is a share of its train rows",
    )
    rare: Literal["refuse", "drop", "train"] = option(
        "refuse",
        "action for an intent with fewer rows than splits: refuse the import, drop the rows, or put them into train",
    )


@dataclass(frozen=True)
class EvaluateOptions:
    """Keys of `[evaluate]`."""

    use: tuple[str, ...] | None = option(None, "names of metrics; none = all metrics for the task")
    baselines: tuple[str, ...] | None = option(
        None, "trainers to compare with, on the same encoder; none = all that their plugins mark as simple baselines"
    )
    splits: tuple[str, ...] = option(("dev", "test"), "splits to score; omit test while you tune")


@dataclass(frozen=True)
class UseOptions:
    """The key that names the component of a section."""

    use: str = option(dataclasses.MISSING, "name of the component")


@dataclass(frozen=True)
class ComponentConfig:
    """One use of a component in a recipe: the component with its options.

    Args:
        hook: the named hook that registers the component.
        name: the component's name in the registry of the hook.
        component: the component.
        options: an instance of the component's options class.
        settings: options of the section itself, for `[[import]]`; else None.
    """

    hook: str
    name: str
    component: Component
    options: Any
    settings: Any = None

    def identity(self, host: Host, *, work_only: bool = False) -> dict[str, Any]:
        """The component config's part of a stage key, as JSON.

        Files and encoders that the options name are represented by the digest of their content.

        Args:
            host: the host with the encoders.
            work_only: leave out options with `affects_cache=False`, for the key of the scratch folder.
        """
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
    """Return the file paths or encoder names in the value of an option."""
    value = getattr(options, field.name)
    return value if isinstance(value, tuple) else (value,) if value else ()


def content_digest(field: OptionField, name: str, host: Host) -> str | None:
    """Compute the digest of a file, folder or encoder that an option names; None for a path that does not exist.

    Raises:
        WorkbenchError: there is no such encoder.
    """
    if field.kind == "encoder":
        return find_encoder(name, host.registry("encoders")).digest()
    return digest_path(Path(name)) if Path(name).exists() else None


def resolve_paths(options: Any, folder: Path, host: Host) -> Any:
    """Return the options with relative paths of files and encoders resolved against the recipe's `folder`."""
    changed = {}
    for each in option_fields(type(options)):
        names = referenced_names(each, options) if each.kind != "plain" else ()
        resolved = tuple(_resolve_path(each, name, folder, host) for name in names)
        if resolved != names:
            changed[each.name] = resolved if each.type is tuple else resolved[0]
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
        imports: one reader per source.
        clean: cleaners in their order.
        augment: augmenters in their order.
        train: the trainer; None for a recipe that only prepares data.
        evaluate: options of `[evaluate]`.
        compress: passes in their order.
        gate: budget -> limit; empty without `[gate]`.
        values: the whole recipe as JSON.
        folder: folder of the recipe. Relative sources start here.
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
