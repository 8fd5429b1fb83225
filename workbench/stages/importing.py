"""Stage `import`: several sources become one dataset with one order of intents and a lasting split."""

from __future__ import annotations

import dataclasses
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from workbench.components import Reader
from workbench.context import Context
from workbench.engine.sections import ComponentConfig, Recipe
from workbench.engine.stage import Inputs, Stage
from workbench.errors import WorkbenchError
from workbench.io.digests import digest_path
from workbench.io.files import replace_json
from workbench.nouns.dataset import Dataset
from workbench.nouns.splits import (
    Ledger,
    Shares,
    assign_splits,
    check_shares,
    find_components,
    known_split,
    read_ledger,
    remember,
)
from workbench.nouns.utterance import SPLITS, Intent, Utterance

logger = logging.getLogger(__name__)
TRAIN = {"train": 1.0}
KEPT = "kept an earlier split, or that of their group"


def import_stage(recipe: Recipe, ledger: Path | None = None, *, pins: bool = True) -> Stage:
    """The stage that reads every `[[import]]` of a recipe.

    Args:
        recipe: it has at least one.
        ledger: file that remembers which row went into which split; None forgets.
        pins: whether new rows are remembered too.
    """
    if not recipe.imports:
        raise WorkbenchError("the recipe imports nothing", remedy="Add an [[import]] with a reader and a source")

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        known = read_ledger(ledger) if ledger else {}
        dataset = read_all(recipe, out, context, known, ledger)
        dataset.save(out)
        if ledger and pins:
            # last of all, so that an import that fails pins no row; one that is killed between here and its publication
            # is worked again, and finds each row in the split that it gave it
            replace_json(ledger, remember(dataset, known))
        sizes = Counter(row.split for row in dataset)
        return {"intents": len(dataset.intents), **{f"{name}_rows": sizes[name] for name in SPLITS if sizes[name]}}

    return Stage(
        "import",
        "import",
        work,
        steps=recipe.imports,
        settings={"task": recipe.top.task},
        outside=lambda: _digests(recipe),
        remote=any(_reader(step).remote for step in recipe.imports),
    )


def _reader(step: ComponentConfig) -> Reader:
    return cast(Reader, step.component)


def _digests(recipe: Recipe) -> dict[str, str]:
    """Of the files and folders that are read, by the place of their `[[import]]`."""
    local = {f"{n}": _path(recipe, step) for n, step in enumerate(recipe.imports) if not _reader(step).remote}
    return {n: digest_path(path) for n, path in local.items() if path and path.exists()}


def _path(recipe: Recipe, step: ComponentConfig) -> Path | None:
    """Where a step's source is; None if it is a name."""
    return None if _reader(step).named else recipe.folder / Path(step.settings.source).expanduser()


def _source(recipe: Recipe, step: ComponentConfig) -> str:
    """A step's source as its reader takes it; a remote one is a name where no such folder is."""
    path = _path(recipe, step)
    if path is None or (_reader(step).remote and not path.exists()):
        return str(step.settings.source)
    return str(path)


def read_all(recipe: Recipe, out: Path, context: Context, known: Ledger, ledger: Path | None = None) -> Dataset:
    """Read, merge and split; rows that `known` remembers keep their split.

    Args:
        recipe: what to read, and how to divide it.
        out: the folder for the readers.
        context: for the readers.
        known: the splits of earlier imports.
        ledger: the file that they come from.

    Raises:
        WorkbenchError: a source cannot be read, an id stands twice, an intent has too few rows, or a split stays empty
            because of `known`.
    """
    read = _read(recipe, out, context)
    merged = _merge(recipe.top.task, read)
    sources = {row.id: step for step, part in zip(recipe.imports, read, strict=True) for row in part}
    rare = _rare(recipe.imports, read)
    left = _drop(merged, {name for name in rare if sources[name].settings.rare == "drop"})
    shares = [TRAIN if row.id in rare else _shares(sources[row.id]) for row in left]
    rows = assign_splits(left.utterances, shares, recipe.top.seed, known)
    _check_asked(left.utterances, rows, shares, known, ledger)
    return _check(_count_moved(left, rows, shares))


def _read(recipe: Recipe, out: Path, context: Context) -> list[Dataset]:
    read = []
    for step, name in zip(recipe.imports, _names(recipe), strict=True):
        dataset: Dataset = step.component(_source(recipe, step), out, step.options, context)
        stated = sum(row.split is not None for row in dataset)
        if stated and step.settings.split is not None:
            logger.warning(
                "%s: %s rows keep the split that their source states; `split` divides the other %s",
                step.settings.source,
                f"{stated:,}",
                f"{len(dataset) - stated:,}",
            )
        several = len(recipe.imports) > 1
        read.append(dataset.with_rows(_prefixed(row, name) for row in dataset) if several else dataset)
    return read


def _names(recipe: Recipe) -> list[str]:
    stems = [Path(step.settings.source).name.partition(".")[0] or str(n) for n, step in enumerate(recipe.imports)]
    return [stem if stems.count(stem) == 1 else f"{stem}-{n}" for n, stem in enumerate(stems)]


def _prefixed(row: Utterance, name: str) -> Utterance:
    parent = row.meta.get("parent")
    meta = row.meta if parent is None else {**row.meta, "parent": f"{name}:{parent}"}
    return dataclasses.replace(row, id=f"{name}:{row.id}", meta=meta)


def _merge(task: str, read: Sequence[Dataset]) -> Dataset:
    merged = [row for dataset in read for row in dataset]
    twice = [name for name, count in Counter(row.id for row in merged).items() if count > 1]
    if twice:
        raise WorkbenchError(
            f"{len(twice)} ids stand twice, such as {twice[0]}", remedy="Give each row an id of its own"
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
    return Dataset(task, tuple(intents), tuple(merged), counts, provenance)


def _shares(step: ComponentConfig) -> Shares:
    shares: Shares | None = step.settings.split
    if shares is None:
        return TRAIN
    check_shares(shares, f"[[import]] {step.settings.source}")
    return shares


def _rare(steps: Sequence[ComponentConfig], read: Sequence[Dataset]) -> set[str]:
    """The ids of the rows whose intent a source cannot bring into each of its splits: it has too few components there.

    Raises:
        WorkbenchError: the recipe does not say what to do with them.
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
        remedy='Label more of them (rows of one text or group count once), or set rare = "drop" or rare = "train"',
    )


def _drop(dataset: Dataset, ids: set[str]) -> Dataset:
    if not ids:
        return dataset
    left = dataset.without(dict.fromkeys(ids, "rare intent"), "import")
    gone = {row.intent for row in dataset if row.id in ids} - {row.intent for row in left}
    return dataclasses.replace(left, intents=tuple(intent for intent in left.intents if intent not in gone))


def _check_asked(
    before: Sequence[Utterance],
    rows: Sequence[Utterance],
    shares: Sequence[Shares],
    known: Ledger,
    ledger: Path | None,
) -> None:
    """Raise when earlier splits leave nothing for a split that the recipe asks for."""
    filled = {row.split for row in rows}
    for row, share in zip(before, shares, strict=True):
        empty = [name for name in SPLITS if name in share and name not in filled]
        if empty and known_split(row, share, known):
            raise WorkbenchError(
                f"no row is left for {' and '.join(empty)}: rows keep the split of an earlier import",
                where=ledger,
                remedy="Remove splits.json to divide anew, or use another run folder",
            )


def _count_moved(dataset: Dataset, rows: Sequence[Utterance], shares: Sequence[Shares]) -> Dataset:
    """The dataset with its splits, and a count of the rows that are in none that their source was to be divided into.

    It says the same when the ledger knows all rows, so that a repeated import brings the same bytes.
    """
    free = [row.split is None for row in dataset]
    moved = sum(free and row.split not in share for free, row, share in zip(free, rows, shares, strict=True))
    done = dataset.with_rows(rows)
    return done.counted("import", {KEPT: moved}) if moved else done


def _check(dataset: Dataset) -> Dataset:
    if len(dataset.intents) < 2 and dataset.task != "translation":
        names = ", ".join(map(str, dataset.intents)) or "none"
        raise WorkbenchError(
            f"there is only {len(dataset.intents)} intent: {names}",
            where="[[import]]",
            remedy="A classifier needs at least two; check the label column or control",
        )
    return dataset
