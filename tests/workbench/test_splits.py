"""Splits: stratified, together where they must be, and lasting."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.nouns.splits import assign_splits, check_shares, remember
from workbench.nouns.utterance import Utterance

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}


def row(n, intent="a", text=None, group=None, **meta):
    text = text or f"text {n} of {intent}"
    return Utterance(f"{intent}{n}", text, text, (intent,), group=group, meta=meta)


def test_every_intent_gets_its_shares():
    rows = [row(n, intent) for intent in "abc" for n in range(100)]
    counts = Counter((r.intent, r.split) for r in assign_splits(rows, SHARES, 13, {}))
    assert all(counts[intent, split] == share * 100 for intent in "abc" for split, share in SHARES.items())


def test_a_small_intent_still_has_a_row_in_every_split():
    counts = Counter(r.split for r in assign_splits([row(n) for n in range(4)], SHARES, 13, {}))
    assert counts == {"train": 2, "dev": 1, "test": 1}


def test_another_seed_divides_otherwise():
    rows = [row(n) for n in range(50)]
    assert assign_splits(rows, SHARES, 1, {}) != assign_splits(rows, SHARES, 2, {})


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 9), st.integers(0, 5) | st.none()), min_size=1, max_size=60
    )
)
def test_rows_of_one_text_group_or_parent_stay_together(made):
    rows = [
        Utterance(str(n), f"text {t}", f"text {t}", (intent,), group=None if g is None else f"g{g}")
        for n, (intent, t, g) in enumerate(made)
    ]
    rows += [
        Utterance(f"child{n}", f"new {n}", f"new {n}", r.intents, meta={"parent": r.id}) for n, r in enumerate(rows[:5])
    ]
    done = assign_splits(rows, SHARES, 13, {})
    by_id = {r.id: r.split for r in done}
    for key in (lambda r: r.text, lambda r: r.group):
        splits = {}
        for r in done:
            if key(r) is not None:
                splits.setdefault(key(r), set()).add(r.split)
        assert all(len(found) == 1 for found in splits.values())
    assert all(r.split == by_id[r.meta["parent"]] for r in done if "parent" in r.meta)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.integers(1, 60), st.permutations(range(20)))
def test_old_rows_never_move_whatever_comes_later(old, new, order):
    first = assign_splits([row(n) for n in range(old)], SHARES, 13, {})
    ledger = remember(first, {})
    later = [row(n) for n in range(old + new)]
    later = [later[i] for i in order if i < len(later)] + later[20:] if len(later) > 20 else later
    second = {r.id: r.split for r in assign_splits(later, SHARES, 13, ledger)}
    assert all(second[r.id] == r.split for r in first if r.id in second)


def test_an_edited_text_keeps_its_split_and_a_new_id_with_an_old_text_joins_it():
    first = assign_splits([row(n) for n in range(20)], SHARES, 13, {})
    ledger = remember(first, {})
    dev = next(r for r in first if r.split == "dev")
    edited = Utterance(dev.id, "something else", "something else", dev.intents)
    copied = Utterance("fresh", f"  {dev.text.upper()} ", dev.text, dev.intents)
    assert [r.split for r in assign_splits([edited, copied], SHARES, 13, ledger)] == ["dev", "dev"]


def test_shares_must_name_splits_and_add_up():
    check_shares({"train": 0.9, "dev": 0.1}, "here")
    for wrong in ({"train": 0.9, "valid": 0.1}, {"train": 0.9, "dev": 0.2}, {"train": 1.0, "dev": 0.0}):
        with pytest.raises(WorkbenchError):
            check_shares(wrong, "here")
