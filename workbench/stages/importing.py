"""Stage `import`: several sources become one dataset with one order of intents and a lasting split."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.context import Context
from workbench.digests import digest_path
from workbench.engine.recipe import Recipe, Step
from workbench.engine.stage import Inputs, Stage
from workbench.errors import WorkbenchError
from workbench.files import read_json, replace_json
from workbench.nouns.dataset import Dataset
from workbench.nouns.splits import Ledger, assign_splits, check_shares, remember
from workbench.nouns.utterance import SPLITS, Intent, Utterance

DROPPED = "dropped"  # a split that only rows have which are about to go


def import_stage(recipe: Recipe, ledger: Path | None = None) -> Stage:
    """The stage that reads every `[[import]]` of a recipe.

    Args:
        recipe: it has at least one.
        ledger: file that remembers which row went into which split; None forgets.
    """
    if not recipe.imports:
        raise WorkbenchError("the recipe imports nothing", remedy="Add an [[import]] with a reader and a source")

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        known = read_json(ledger) if ledger and ledger.is_file() else {}
        dataset = read_all(recipe, out, context, known)
        if ledger:
            replace_json(ledger, remember(dataset, known))
        dataset.save(out)
        sizes = Counter(row.split for row in dataset)
        return {"intents": len(dataset.intents), **{f"{name}_rows": sizes[name] for name in SPLITS if sizes[name]}}

    local = [step for step in recipe.imports if not step.offer.remote]  # type: ignore[attr-defined]
    return Stage(
        "import",
        "import",
        work,
        steps=recipe.imports,
        settings={"task": recipe.top.task},
        outside=lambda: {
            f"{n}": digest_path(source_path(recipe, step))
            for n, step in enumerate(local)
            if source_path(recipe, step).exists()
        },
        remote=len(local) < len(recipe.imports),
    )


def source_path(recipe: Recipe, step: Step) -> Path:
    """Where a step's source is, if it is a file or folder."""
    return recipe.folder / Path(step.settings.source).expanduser()


def read_all(recipe: Recipe, out: Path, context: Context, known: Ledger) -> Dataset:
    """Read, merge and split; rows that `known` remembers keep their split.

    Raises:
        WorkbenchError: a source cannot be read, an id stands twice, an intent has too few rows.
    """
    read = []
    names = _names(recipe)
    for step, name in zip(recipe.imports, names, strict=True):
        path = source_path(recipe, step)
        source = str(path) if path.exists() or not step.offer.remote else step.settings.source  # type: ignore[attr-defined]
        dataset = step.offer(source, out, step.options, context)
        if len(names) > 1:
            dataset = dataset.with_rows(dataclasses.replace(row, id=f"{name}:{row.id}") for row in dataset)
        read.append(dataset)
    rows = _split(recipe, read, known)
    rare = [_rare(step, part) for step, part in zip(recipe.imports, rows, strict=True)]
    settled = [
        [_settle(row, step, names) for row in part]
        for step, part, names in zip(recipe.imports, rows, rare, strict=True)
    ]
    merged = _merge(recipe.top.task, read, settled)
    return _check(_drop(merged, {row.id for part in settled for row in part if row.split == DROPPED}))


def _names(recipe: Recipe) -> list[str]:
    stems = [Path(step.settings.source).name.partition(".")[0] or str(n) for n, step in enumerate(recipe.imports)]
    return [stem if stems.count(stem) == 1 else f"{stem}-{n}" for n, stem in enumerate(stems)]


def _split(recipe: Recipe, read: Sequence[Dataset], known: Ledger) -> list[list[Utterance]]:
    """The rows of every source with their splits; sources with the same shares are divided together."""
    done: dict[int, list[Utterance]] = {}
    shared: dict[str, list[int]] = {}
    for n, (step, dataset) in enumerate(zip(recipe.imports, read, strict=True)):
        shares = step.settings.split
        if shares is None:
            done[n] = [dataclasses.replace(row, split=row.split or "train") for row in dataset]
            continue
        check_shares(shares, f"[[import]] {step.settings.source}")
        if len(shares) == 1:
            done[n] = [dataclasses.replace(row, split=row.split or next(iter(shares))) for row in dataset]
        else:
            shared.setdefault(json.dumps(shares, sort_keys=True), []).append(n)
    for shares_text, members in shared.items():
        pool = [(n, row) for n in members for row in read[n]]
        free = [row for _, row in pool if row.split is None]
        assigned = iter(assign_splits(free, json.loads(shares_text), recipe.top.seed, known))
        for n in members:
            done[n] = []
        for n, row in pool:
            done[n].append(next(assigned) if row.split is None else row)
    return [done[n] for n in range(len(read))]


def _merge(task: str, read: Sequence[Dataset], rows: Sequence[Sequence[Utterance]]) -> Dataset:
    merged = [row for part in rows for row in part]
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


def _rare(step: Step, rows: Sequence[Utterance]) -> set[Intent]:
    """The intents that have fewer rows in a source than it is divided into splits.

    Raises:
        WorkbenchError: the recipe does not say what to do with them.
    """
    splits = len(step.settings.split or ())
    have = Counter(row.intent for row in rows if row.intent is not None)
    rare = {intent for intent, count in have.items() if count < splits}
    if rare and step.settings.rare == "refuse":
        listed = ", ".join(f"{intent} ({have[intent]})" for intent in sorted(rare, key=str)[:10])
        raise WorkbenchError(
            f"{len(rare)} intents have fewer rows than the {splits} splits: {listed}",
            where=f"[[import]] {step.settings.source}",
            remedy='Label more of them, or set rare = "drop" or rare = "train"',
        )
    return rare


def _settle(row: Utterance, step: Step, rare: set[Intent]) -> Utterance:
    if row.intent not in rare:
        return row
    return dataclasses.replace(row, split="train" if step.settings.rare == "train" else DROPPED)


def _drop(dataset: Dataset, ids: set[str]) -> Dataset:
    if not ids:
        return dataset
    left = dataset.without(dict.fromkeys(ids, "rare intent"), "import")
    gone = {row.intent for row in dataset if row.id in ids} - {row.intent for row in left}
    return dataclasses.replace(left, intents=tuple(intent for intent in left.intents if intent not in gone))


def _check(dataset: Dataset) -> Dataset:
    if len(dataset.intents) < 2 and dataset.task != "translation":
        names = ", ".join(map(str, dataset.intents)) or "none"
        raise WorkbenchError(
            f"there is only {len(dataset.intents)} intent: {names}",
            where="[[import]]",
            remedy="A classifier needs at least two; check the label column or control",
        )
    return dataset
