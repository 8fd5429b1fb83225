"""Read the sources of all `[[import]]` sections and merge their rows, before splits are assigned."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from workbench.components import Reader
from workbench.context import Context
from workbench.engine.sections import ComponentConfig, Recipe
from workbench.errors import WorkbenchError
from workbench.nouns.dataset import INTENT, Dataset
from workbench.nouns.splits import Shares, check_shares, find_components
from workbench.nouns.utterance import Intent, Utterance

logger = logging.getLogger(__name__)
TRAIN = {"train": 1.0}


@dataclass(frozen=True)
class Rows:
    """Merged rows of all sources, before splits are assigned.

    Args:
        dataset: the rows of all sources.
        shares: for each row, split -> share of its source.
    """

    dataset: Dataset
    shares: Sequence[Shares]


def read_rows(recipe: Recipe, out: Path, context: Context) -> Rows:
    """Read and merge the sources of a recipe; apply the option `rare` to intents with too few rows.

    If a source states train rows but no dev rows, as published datasets do, dev is taken from its train rows.

    Raises:
        WorkbenchError: a source cannot be read, an id occurs twice, an intent has too few rows, or the sources have
            different normalizations.
    """
    read = _read(recipe, out, context)
    normalization = _normalization(recipe.imports, read)
    merged = dataclasses.replace(_merge(read), normalization=normalization)
    sources = {row.id: step for step, part in zip(recipe.imports, read, strict=True) for row in part}
    rare = _rare(recipe.imports, read)
    remaining = _drop(merged, {name for name in rare if sources[name].settings.rare == "drop"})
    lacks_dev = {id(step) for step, part in zip(recipe.imports, read, strict=True) if _lacks_dev(step, part)}
    rows, shares = [], []
    for row in remaining:
        step = sources[row.id]
        divided = id(step) in lacks_dev and row.split == "train" and row.id not in rare
        rows.append(dataclasses.replace(row, split=None) if divided else row)
        shares.append(TRAIN if row.id in rare else _train_and_dev(step) if divided else _shares(step))
    return Rows(remaining.with_rows(rows), shares)


def reader_of(step: ComponentConfig) -> Reader:
    """Return the reader of an `[[import]]`."""
    return cast(Reader, step.component)


def path_of(recipe: Recipe, step: ComponentConfig) -> Path | None:
    """Return the path of an `[[import]]`'s source; None if the reader takes a name instead of a path."""
    return None if reader_of(step).named else recipe.folder / Path(step.settings.source).expanduser()


def _source(recipe: Recipe, step: ComponentConfig) -> str:
    """Return the source argument of a reader. A remote source without a local folder is a name."""
    path = path_of(recipe, step)
    if path is None or (reader_of(step).remote and not path.exists()):
        return str(step.settings.source)
    return str(path)


def _read(recipe: Recipe, out: Path, context: Context) -> list[Dataset]:
    read = []
    for step, name in zip(recipe.imports, _names(recipe), strict=True):
        dataset: Dataset = step.component(_source(recipe, step), out, step.options, context)
        stated = sum(row.split is not None for row in dataset)
        if _lacks_dev(step, dataset):
            logger.info("%s has no dev rows; they are taken from its train rows", step.settings.source)
        elif stated and step.settings.split is not None and stated < len(dataset):
            logger.warning(
                "%s: %s rows keep the split that the source states; the option `split` applies to the other %s rows",
                step.settings.source,
                f"{stated:,}",
                f"{len(dataset) - stated:,}",
            )
        several = len(recipe.imports) > 1
        read.append(dataset.with_rows(_prefix_id(row, name) for row in dataset) if several else dataset)
    return read


def _names(recipe: Recipe) -> list[str]:
    stems = [Path(step.settings.source).name.partition(".")[0] or str(n) for n, step in enumerate(recipe.imports)]
    return [stem if stems.count(stem) == 1 else f"{stem}-{n}" for n, stem in enumerate(stems)]


def _prefix_id(row: Utterance, name: str) -> Utterance:
    parent = row.meta.get("parent")
    meta = row.meta if parent is None else {**row.meta, "parent": f"{name}:{parent}"}
    return dataclasses.replace(row, id=f"{name}:{row.id}", meta=meta)


def _merge(read: Sequence[Dataset]) -> Dataset:
    merged = [row for dataset in read for row in dataset]
    twice = [name for name, count in Counter(row.id for row in merged).items() if count > 1]
    if twice:
        raise WorkbenchError(
            f"{len(twice)} ids occur more than once, such as {twice[0]}",
            where="[[import]]",
            remedy="Give each row a unique id",
        )
    intents: dict[Any, None] = {}
    for dataset in read:
        intents.update(dict.fromkeys(dataset.intents))
    named = Counter(name for dataset in read for name in dataset.counts)
    counts = {
        name if named[name] == 1 else f"{name} ({n})": reasons
        for n, dataset in enumerate(read)
        for name, reasons in dataset.counts.items()
    }
    provenance = tuple(entry for dataset in read for entry in dataset.provenance)
    return Dataset(INTENT, tuple(intents), tuple(merged), counts, provenance)


def _normalization(steps: Sequence[ComponentConfig], read: Sequence[Dataset]) -> tuple[str, ...]:
    """Return the normalizations of the texts, which must be the same for all sources."""
    names = {dataset.normalization for dataset in read}
    if len(names) > 1:
        listed = ", ".join(
            f"{step.settings.source} ({' then '.join(dataset.normalization) or 'none'})"
            for step, dataset in zip(steps, read, strict=True)
        )
        raise WorkbenchError(
            f"the sources have different normalizations: {listed}",
            where="[[import]]",
            remedy="Import the original texts, and normalize all of them with [clean] use",
        )
    return names.pop()


def _shares(step: ComponentConfig) -> Shares:
    shares: Shares | None = step.settings.split
    if shares is None:
        return TRAIN
    check_shares(shares, f"[[import]] {step.settings.source}")
    return shares


def _lacks_dev(step: ComponentConfig, dataset: Dataset) -> bool:
    """Return whether a source states train rows but no dev rows, and the recipe has a share for dev."""
    stated = {row.split for row in dataset}
    return "train" in stated and "dev" not in stated and {"train", "dev"} <= set(step.settings.split or ())


def _train_and_dev(step: ComponentConfig) -> Shares:
    shares = _shares(step)
    whole = shares["train"] + shares["dev"]
    return {name: shares[name] / whole for name in ("train", "dev")}


def _rare(steps: Sequence[ComponentConfig], read: Sequence[Dataset]) -> set[str]:
    """Return the ids of rows whose intent has fewer components in a source than the source has splits.

    Raises:
        WorkbenchError: there are such rows, and the option `rare` is "refuse".
    """
    rare: set[str] = set()
    for step, dataset in zip(steps, read, strict=True):
        rows, shares = dataset.utterances, _shares(step)
        components = find_components(rows, [shares] * len(rows))
        have = Counter(intent for component in components for intent in {rows[i].intent for i in component})
        few = {intent: count for intent, count in have.items() if intent is not None and count < len(shares)}
        if few and step.settings.rare == "refuse":
            raise _too_few(few, step)
        rare.update(row.id for row in rows if row.intent in few)
    return rare


def _too_few(few: Mapping[Intent, int], step: ComponentConfig) -> WorkbenchError:
    listed = ", ".join(f"{intent} ({few[intent]})" for intent in sorted(few, key=str)[:10])
    return WorkbenchError(
        f"{len(few)} intents have fewer rows than the {len(step.settings.split)} splits: {listed}",
        where=f"[[import]] {step.settings.source}",
        remedy='Label more rows (rows of one text or group count once), or set rare = "drop" or rare = "train"',
    )


def _drop(dataset: Dataset, ids: set[str]) -> Dataset:
    if not ids:
        return dataset
    remaining = dataset.without(dict.fromkeys(ids, "rare intent"), "import")
    dropped = {row.intent for row in dataset if row.id in ids} - {row.intent for row in remaining}
    return dataclasses.replace(remaining, intents=tuple(name for name in remaining.intents if name not in dropped))
