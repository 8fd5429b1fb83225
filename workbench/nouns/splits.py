"""Splits: an assignment, once written, survives every later import.

Rows that share a group or a parent are one *component* and stay together, and so are rows that are to be divided and
share a normalised text. A text does not tie a row to a source that is all one split, or that states its splits itself:
a published test set holds texts of its train set and must stay what was published (the cleaner `exact-duplicates` takes
such texts out of train).

A row keeps the split that its source states, or else the one that the ledger knows. What is left of a component goes
where the rest of it stands, in test before dev before train, and otherwise components are dealt out intent by intent,
the largest first and then in the order of a seeded hash, so that each split gets its share of every intent.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from workbench.errors import UsageProblem, WorkbenchError
from workbench.io.files import read_json
from workbench.io.shapes import check_shape
from workbench.nouns.utterance import SPLITS, Utterance
from workbench.text.normalization import text_key

Shares = Mapping[str, float]
Ledger = Mapping[str, str]  # `ledger_keys` of a row -> its split
Component = list[int]  # the places of its rows


def check_shares(shares: Shares, where: str) -> None:
    """Check the shares of a source.

    Raises:
        UsageProblem: they name what is no split, or are not positive numbers that add up to 1.
    """
    for name in shares:
        if name not in SPLITS:
            raise UsageProblem(f"{name!r} is no split", where=where, remedy=f"Use {', '.join(SPLITS)}")
    if not (abs(sum(shares.values()) - 1) <= 1e-6 and min(shares.values()) > 0):
        raise UsageProblem(f"the shares {dict(shares)} are not positive numbers that add up to 1", where=where)


def ledger_keys(row: Utterance) -> tuple[str, str]:
    """The two names under which a ledger knows a row: its id, and a digest of its text."""
    return f"id:{row.id}", f"text:{_digest(text_key(row.text))[:20]}"


def add_to_ledger(rows: Iterable[Utterance], ledger: Ledger) -> dict[str, str]:
    """The ledger with the rows' splits added; what it knew stays."""
    grown = dict(ledger)
    for row in rows:
        for name in ledger_keys(row):
            if row.split:
                grown.setdefault(name, row.split)
    return grown


def read_ledger(path: Path) -> dict[str, str]:
    """The ledger in a file; an empty one if there is no file.

    Raises:
        WorkbenchError: the file is no ledger.
    """
    if not path.is_file():
        return {}
    ledger = read_json(path)
    check_shape(ledger, {}, path)
    for name, split in ledger.items():
        if split not in SPLITS:
            raise WorkbenchError(
                f"{name!r} has the split {split!r}", where=path, remedy="Restore the file, or remove it to divide anew"
            )
    return dict(ledger)


def ledger_split(row: Utterance, shares: Shares, ledger: Ledger) -> str | None:
    """The split in which the ledger knows a row; None for a new row and for one whose source states its split.

    Where a source is all one split, a text that the ledger knows in train from another row takes no row out of it.
    """
    by_id, by_text = ledger_keys(row)
    if row.split or by_id in ledger:
        return None if row.split else ledger[by_id]
    found = ledger.get(by_text)
    return None if found == "train" and len(shares) == 1 else found


def assign_splits(rows: Sequence[Utterance], shares: Sequence[Shares], seed: int, ledger: Ledger) -> list[Utterance]:
    """The rows with a split each.

    Args:
        rows: of all sources; those whose source states a split have it already.
        shares: for each row, split -> share as its source is divided; they add up to 1.
        seed: of the run.
        ledger: earlier assignments.
    """
    splits = [row.split or ledger_split(row, share, ledger) for row, share in zip(rows, shares, strict=True)]
    components = find_components(rows, shares)
    for component in components:
        stands = {splits[i] or next(iter(shares[i])) for i in component if splits[i] or len(shares[i]) == 1}
        if stands:
            place = max(stands, key=SPLITS.index)
            for i in component:
                splits[i] = splits[i] or place
    for stratum, share in _strata(components, rows, shares):
        _deal(stratum, share, splits, rows, seed)
    return [dataclasses.replace(row, split=split) for row, split in zip(rows, splits, strict=True)]


def find_components(rows: Sequence[Utterance], shares: Sequence[Shares]) -> list[Component]:
    """The rows that stay together, as places in `rows`; every row is in one component.

    Args:
        rows: as for `assign_splits`.
        shares: as for `assign_splits`.
    """
    parent = list(range(len(rows)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[tuple[str, str], int] = {}
    for i, row in enumerate(rows):
        text = text_key(row.text) if _divided(row, shares[i]) else None
        for kind, value in (("text", text), ("group", row.group), ("id", row.id), ("id", row.meta.get("parent"))):
            if value is not None:
                j = root(first.setdefault((kind, value), i))
                parent[max(root(i), j)] = min(root(i), j)
    members: dict[int, Component] = defaultdict(list)
    for i in range(len(rows)):
        members[root(i)].append(i)
    return list(members.values())


def _divided(row: Utterance, shares: Shares) -> bool:
    return row.split is None and len(shares) > 1


def _strata(
    components: Sequence[Component], rows: Sequence[Utterance], shares: Sequence[Shares]
) -> list[tuple[list[Component], Shares]]:
    """The rows to divide, by intent and shares; a conversation of several intents counts for the rarest of them."""
    spread = Counter(intents for component in components for intents in {rows[i].intents for i in component})
    strata: dict[object, tuple[list[Component], Shares]] = {}
    for component in components:
        if divided := [i for i in component if _divided(rows[i], shares[i])]:
            rarest = min(divided, key=lambda i: spread[rows[i].intents])
            key = rows[rarest].intents, frozenset(shares[rarest].items())
            strata.setdefault(key, ([], shares[rarest]))[0].append(divided)
    return list(strata.values())


def _deal(
    stratum: Sequence[Component], shares: Shares, splits: list[str | None], rows: Sequence[Utterance], seed: int
) -> None:
    """Give the components that have no split one each: where most is missing, but no split stays empty for that."""
    have = Counter(split for component in stratum for i in component if (split := splits[i]) in shares)
    new = [component for component in stratum if splits[component[0]] is None]
    new.sort(key=lambda component: (-len(component), min(_order(rows[i], seed) for i in component)))
    total = have.total() + sum(map(len, new))
    names = sorted(shares, key=lambda name: (-shares[name], SPLITS.index(name)))
    for dealt, component in enumerate(new):
        empty = [name for name in names if not have[name]]
        open_to = empty if len(new) - dealt <= len(empty) else names
        chosen = max(open_to, key=lambda name: shares[name] * total - have[name])
        have[chosen] += len(component)
        for i in component:
            splits[i] = chosen


def _order(row: Utterance, seed: int) -> str:
    return _digest(f"{seed}\0{text_key(row.text)}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
