"""Assignment of rows to splits. A row keeps its split in every later import.

Rows that share a group or a parent are one *component*; a component stays in one split. Rows with the same normalised
text are one component too, unless their source is a single split or states a split for each row. A published test set
may repeat texts of its train set and must stay as published. The cleaner `exact-duplicates` removes such texts from
train.

The split of a row is found in this order:

1. The split that the source states.
2. The split in the ledger, which holds the assignments of earlier imports.
3. The split of other rows of the component: test if one of them is in test, else dev, else train.
4. Stratified assignment: each split gets its share of every intent. Components are assigned by size, largest first;
   components of equal size are ordered by a seeded hash.
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
Component = list[int]  # indices of its rows


def check_shares(shares: Shares, where: str) -> None:
    """Check the split shares of a source.

    Raises:
        UsageProblem: a name is not a split, or the shares are not positive numbers that add up to 1.
    """
    for name in shares:
        if name not in SPLITS:
            raise UsageProblem(f"{name!r} is not a split", where=where, remedy=f"Use {', '.join(SPLITS)}")
    if not (abs(sum(shares.values()) - 1) <= 1e-6 and min(shares.values()) > 0):
        raise UsageProblem(
            f"the shares {dict(shares)} are not positive numbers that add up to 1",
            where=where,
            remedy="Use shares such as train=0.8,dev=0.1,test=0.1",
        )


def ledger_keys(row: Utterance) -> tuple[str, str]:
    """Keys of a row in a ledger: one from its id, one from a digest of its text."""
    return f"id:{row.id}", f"text:{_digest(text_key(row.text))[:20]}"


def add_to_ledger(rows: Iterable[Utterance], ledger: Ledger) -> dict[str, str]:
    """Return a copy of the ledger with the splits of new rows; existing entries do not change."""
    updated = dict(ledger)
    for row in rows:
        for name in ledger_keys(row):
            if row.split:
                updated.setdefault(name, row.split)
    return updated


def read_ledger(path: Path) -> dict[str, str]:
    """Read a ledger; return an empty ledger if the file does not exist.

    Raises:
        WorkbenchError: the file is not a ledger.
    """
    if not path.is_file():
        return {}
    ledger = read_json(path)
    check_shape(ledger, {}, path)
    for name, split in ledger.items():
        if split not in SPLITS:
            raise WorkbenchError(
                f"{name!r} has the unknown split {split!r}",
                where=path,
                remedy="Restore the file from a backup, or remove it: the next run then assigns all splits again",
            )
    return dict(ledger)


def ledger_split(row: Utterance, shares: Shares, ledger: Ledger) -> str | None:
    """Split of a row in the ledger; None for a new row, and for a row whose source states its split.

    A source that is a single split must stay complete. Its rows ignore an entry `train` of another row with the same
    text.
    """
    by_id, by_text = ledger_keys(row)
    if row.split or by_id in ledger:
        return None if row.split else ledger[by_id]
    found = ledger.get(by_text)
    return None if found == "train" and len(shares) == 1 else found


def assign_splits(rows: Sequence[Utterance], shares: Sequence[Shares], seed: int, ledger: Ledger) -> list[Utterance]:
    """Assign a split to every row.

    Args:
        rows: rows of all sources; rows whose source states a split have it already.
        shares: for each row, split -> share of its source; the shares of a row add up to 1.
        seed: seed of the run.
        ledger: earlier assignments.
    """
    splits = [row.split or ledger_split(row, share, ledger) for row, share in zip(rows, shares, strict=True)]
    components = find_components(rows, shares)
    for component in components:
        known = {splits[i] or next(iter(shares[i])) for i in component if splits[i] or len(shares[i]) == 1}
        if known:
            split = max(known, key=SPLITS.index)
            for i in component:
                splits[i] = splits[i] or split
    for stratum, share in _strata(components, rows, shares):
        _assign_stratum(stratum, share, splits, rows, seed)
    return [dataclasses.replace(row, split=split) for row, split in zip(rows, splits, strict=True)]


def find_components(rows: Sequence[Utterance], shares: Sequence[Shares]) -> list[Component]:
    """Group rows into components, as indices into `rows`; every row is in exactly one component.

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
        text = text_key(row.text) if _is_divided(row, shares[i]) else None
        for kind, value in (("text", text), ("group", row.group), ("id", row.id), ("id", row.meta.get("parent"))):
            if value is not None:
                j = root(first.setdefault((kind, value), i))
                parent[max(root(i), j)] = min(root(i), j)
    members: dict[int, Component] = defaultdict(list)
    for i in range(len(rows)):
        members[root(i)].append(i)
    return list(members.values())


def _is_divided(row: Utterance, shares: Shares) -> bool:
    """Whether the shares of several splits decide the row's split."""
    return row.split is None and len(shares) > 1


def _strata(
    components: Sequence[Component], rows: Sequence[Utterance], shares: Sequence[Shares]
) -> list[tuple[list[Component], Shares]]:
    """Group the rows without a split by intent and shares.

    A component with several intents belongs to the rarest of its intents.
    """
    spread = Counter(intents for component in components for intents in {rows[i].intents for i in component})
    strata: dict[object, tuple[list[Component], Shares]] = {}
    for component in components:
        if divided := [i for i in component if _is_divided(rows[i], shares[i])]:
            rarest = min(divided, key=lambda i: spread[rows[i].intents])
            key = rows[rarest].intents, frozenset(shares[rarest].items())
            strata.setdefault(key, ([], shares[rarest]))[0].append(divided)
    return list(strata.values())


def _assign_stratum(
    stratum: Sequence[Component], shares: Shares, splits: list[str | None], rows: Sequence[Utterance], seed: int
) -> None:
    """Assign a split to each component without one: the split that lacks most rows.

    No split stays empty as long as components are left.
    """
    have = Counter(split for component in stratum for i in component if (split := splits[i]) in shares)
    new = [component for component in stratum if splits[component[0]] is None]
    new.sort(key=lambda component: (-len(component), min(_order(rows[i], seed) for i in component)))
    total = have.total() + sum(map(len, new))
    names = sorted(shares, key=lambda name: (-shares[name], SPLITS.index(name)))
    for assigned, component in enumerate(new):
        empty = [name for name in names if not have[name]]
        candidates = empty if len(new) - assigned <= len(empty) else names
        chosen = max(candidates, key=lambda name: shares[name] * total - have[name])
        have[chosen] += len(component)
        for i in component:
            splits[i] = chosen


def _order(row: Utterance, seed: int) -> str:
    return _digest(f"{seed}\0{text_key(row.text)}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
