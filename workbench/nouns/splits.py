"""Splits: an assignment, once written, survives every later import.

Rows that share a normalised text, a group or a parent are one *component* and stay together. Components are dealt out
intent by intent, in the order of a seeded hash, so that each split gets its share of every intent.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from workbench.errors import WorkbenchError
from workbench.nouns.utterance import SPLITS, Utterance
from workbench.text import text_key

Shares = Mapping[str, float]
Ledger = Mapping[str, str]  # `remembered_as` of a row -> its split


def check_shares(shares: Shares, where: str) -> None:
    """Raise unless the shares name known splits and add up to 1."""
    for name in shares:
        if name not in SPLITS:
            raise WorkbenchError(f"{name!r} is no split", where=where, remedy=f"Use {', '.join(SPLITS)}")
    if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) <= 0:
        raise WorkbenchError(f"the shares {dict(shares)} are not positive numbers that add up to 1", where=where)


def remembered_as(row: Utterance) -> tuple[str, str]:
    """The two names under which a ledger knows a row: its id, and a digest of its text."""
    return f"id:{row.id}", "text:" + hashlib.sha256(text_key(row.text).encode("utf-8", "surrogatepass")).hexdigest()[
        :20
    ]


def remember(rows: Iterable[Utterance], ledger: Ledger) -> dict[str, str]:
    """The ledger with the rows' splits added; what it knew stays."""
    grown = dict(ledger)
    for row in rows:
        for name in remembered_as(row):
            if row.split:
                grown.setdefault(name, row.split)
    return grown


def assign_splits(rows: Sequence[Utterance], shares: Shares, seed: int, ledger: Ledger) -> list[Utterance]:
    """The rows with a split each; one that the ledger knows keeps it.

    Args:
        rows: rows without a split.
        shares: split -> share; they add up to 1.
        seed: of the run.
        ledger: earlier assignments.
    """
    splits: list[str | None] = [_known(row, ledger) for row in rows]
    strata: dict[object, list[list[int]]] = defaultdict(list)
    for component in _components(rows):
        strata[rows[component[0]].intents].append(component)
    for components in strata.values():
        _deal(components, splits, rows, shares, seed)
    return [dataclasses.replace(row, split=split) for row, split in zip(rows, splits, strict=True)]


def _known(row: Utterance, ledger: Ledger) -> str | None:
    by_id, by_text = remembered_as(row)
    return ledger.get(by_id) or ledger.get(by_text)


def _deal(
    components: list[list[int]], splits: list[str | None], rows: Sequence[Utterance], shares: Shares, seed: int
) -> None:
    quota = _quotas(sum(map(len, components)), shares)
    have = Counter(splits[i] for component in components for i in component if splits[i])
    for component in sorted(components, key=lambda component: _order(rows[component[0]], seed)):
        fixed = next((splits[i] for i in component if splits[i]), None)
        chosen = fixed or max(shares, key=lambda name: quota[name] - have[name])
        for i in component:
            if splits[i] is None:
                splits[i] = chosen
                have[chosen] += 1


def _quotas(rows: int, shares: Shares) -> dict[str, int]:
    """Rows of an intent for each split: at least one each where there are enough; the largest share takes the rest."""
    largest = max(shares, key=lambda name: shares[name])
    quota = {name: max(1, round(share * rows)) for name, share in shares.items() if name != largest}
    return {**quota, largest: rows - sum(quota.values())}


def _order(row: Utterance, seed: int) -> str:
    return hashlib.sha256(f"{seed}\0{text_key(row.text)}".encode("utf-8", "surrogatepass")).hexdigest()


def _components(rows: Sequence[Utterance]) -> list[list[int]]:
    parent = list(range(len(rows)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[tuple[str, str], int] = {}
    for i, row in enumerate(rows):
        ties = [("text", text_key(row.text)), ("group", row.group), ("id", row.id), ("id", row.meta.get("parent"))]
        for kind, value in ties:
            if value is not None:
                j = root(first.setdefault((kind, value), i))
                parent[max(root(i), j)] = min(root(i), j)
    members: dict[int, list[int]] = defaultdict(list)
    for i in range(len(rows)):
        members[root(i)].append(i)
    return list(members.values())
