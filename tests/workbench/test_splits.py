"""Splits: stratified, together where they must be, and lasting."""

from __future__ import annotations

from collections import Counter
from math import nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import UsageProblem, WorkbenchError
from workbench.nouns.splits import add_to_ledger, assign_splits, check_shares, read_ledger
from workbench.nouns.utterance import Utterance

SHARES = {"train": 0.8, "dev": 0.1, "test": 0.1}
TEST = {"test": 1.0}


def divide(rows, ledger=(), *, shares=SHARES, seed=13):
    """The rows with a split each; `shares` are those of all rows, or one for each."""
    return assign_splits(rows, shares if isinstance(shares, list) else [shares] * len(rows), seed, dict(ledger))


def row(n, intent="a", text=None, group=None, **meta):
    text = text or f"text {n} of {intent}"
    return Utterance(f"{intent}{n}", text, text, (intent,), group=group, meta=meta)


def test_every_intent_gets_its_shares():
    rows = [row(n, intent) for intent in "abc" for n in range(100)]
    counts = Counter((r.intent, r.split) for r in divide(rows))
    assert all(counts[intent, split] == share * 100 for intent in "abc" for split, share in SHARES.items())


def test_a_small_intent_still_has_a_row_in_every_split():
    counts = Counter(r.split for r in divide([row(n) for n in range(4)]))
    assert counts == {"train": 2, "dev": 1, "test": 1}


def test_another_seed_divides_otherwise():
    rows = [row(n) for n in range(50)]
    assert divide(rows, seed=1) != divide(rows, seed=2)


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
    done = divide(rows)
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
    first = divide([row(n) for n in range(old)])
    ledger = add_to_ledger(first, {})
    later = [row(n) for n in range(old + new)]
    later = [later[i] for i in order if i < len(later)] + later[20:] if len(later) > 20 else later
    second = {r.id: r.split for r in divide(later, ledger)}
    assert all(second[r.id] == r.split for r in first if r.id in second)


def test_an_edited_text_keeps_its_split_and_a_new_id_with_an_old_text_joins_it():
    first = divide([row(n) for n in range(20)])
    ledger = add_to_ledger(first, {})
    dev = next(r for r in first if r.split == "dev")
    edited = Utterance(dev.id, "something else", "something else", dev.intents)
    copied = Utterance("fresh", f"  {dev.text.upper()} ", dev.text, dev.intents)
    assert [r.split for r in divide([edited, copied], ledger)] == ["dev", "dev"]


def test_shares_must_name_splits_and_add_up():
    check_shares({"train": 0.9, "dev": 0.1}, "here")
    for wrong in (
        {"train": 0.9, "valid": 0.1},
        {"train": 0.9, "dev": 0.2},
        {"train": 1.0, "dev": 0.0},
        {"dev": nan},
        {},
    ):
        with pytest.raises(UsageProblem):
            check_shares(wrong, "here")


THIRDS = {"dev": 0.33, "test": 0.33, "train": 0.34}


@pytest.mark.parametrize("shares", [THIRDS, {"dev": 0.5, "train": 0.5}])
def test_what_can_only_be_in_one_split_is_in_train(shares):
    assert {r.split for r in divide([row(n, group="g") for n in range(5)], shares=shares)} == {"train"}
    assert [r.split for r in divide([row(1)], shares=shares)] == ["train"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=3, max_size=9), st.sampled_from([SHARES, THIRDS]))
def test_each_split_gets_a_conversation_where_there_are_enough(sizes, shares):
    rows = [row(f"{g}-{n}", group=f"g{g}") for g, size in enumerate(sizes) for n in range(size)]
    assert {r.split for r in divide(rows, shares=shares)} == set(shares)


@pytest.mark.parametrize("seed", range(10))
def test_the_largest_conversation_goes_where_most_is_missing(seed):
    rows = [row(1, group="large"), row(2, group="large"), row(3), row(4)]
    assert {r.split for r in divide(rows, seed=seed)[:2]} == {"train"}


def test_new_rows_of_a_conversation_that_two_splits_hold_are_held_out():
    old = [row(1, group="g"), row(2, group="g"), row(3, group="g")]
    ledger = {"id:a1": "train", "id:a2": "dev"}
    assert [r.split for r in divide(old, ledger)] == ["train", "dev", "dev"]


def test_the_order_of_rows_and_shares_changes_nothing():
    rows = [row(n, intent, group=f"g{n // 3}") for intent in "ab" for n in range(30)]
    turned = divide(rows[::-1], shares=dict(reversed(SHARES.items())))
    assert {r.id: r.split for r in divide(rows)} == {r.id: r.split for r in turned}


def test_an_intent_that_only_stands_in_conversations_of_others_still_gets_to_every_split():
    rows = [row(n, intent, group=f"g{n}") for n in range(3) for intent in "ab"]
    rows += [row(n, "a") for n in range(3, 60)]
    assert {r.split for r in divide(rows) if r.intent == "b"} == {"train", "dev", "test"}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.sampled_from([SHARES, THIRDS, TEST, {"train": 1.0}])), min_size=1, max_size=40
    )
)
def test_a_group_stays_together_whatever_the_shares_of_its_rows(made):
    done = divide([row(n, group=f"g{g}") for n, (g, _) in enumerate(made)], shares=[share for _, share in made])
    splits = {}
    for r in done:
        splits.setdefault(r.group, set()).add(r.split)
    assert all(len(found) == 1 for found in splits.values())


def test_a_stated_split_stays_and_draws_its_group():
    stated = Utterance("s", "stated", "stated", ("a",), split="dev", group="g")
    done = divide(
        [stated, row(1, group="g"), row(2, group="h"), row(3, group="h")], shares=[TEST, SHARES, TEST, SHARES]
    )
    assert [r.split for r in done] == ["dev", "dev", "test", "test"]


def test_a_published_test_set_draws_no_row_by_its_text():
    train = [row(n, text=f"same {n}") for n in range(20)]
    published = [row(f"t{n}", text=f"Same {n}") for n in range(20)]
    done = divide([*published, *train], shares=[TEST] * 20 + [{"train": 0.9, "dev": 0.1}] * 20)
    assert {r.split for r in done[:20]} == {"test"}
    assert Counter(r.split for r in done[20:]) == {"train": 18, "dev": 2}


def test_a_text_known_in_train_takes_no_row_out_of_a_published_test_set():
    ledger = add_to_ledger([Utterance("1", "old", "old", ("a",), split="train")], {})
    later = Utterance("2", "old", "old", ("a",))
    assert [r.split for r in divide([later], ledger, shares=TEST)] == ["test"]
    assert [r.split for r in divide([later], ledger)] == ["train"]


@pytest.mark.parametrize("shares", [{"train": 1.0}, {"train": 0.99, "dev": 0.01}, TEST])
def test_what_was_held_out_stays_where_it_was(shares):
    first = divide([row(n) for n in range(30)])
    renamed = [Utterance(f"new:{r.id}", r.text, r.raw, r.intents) for r in first]
    for again in ([row(n) for n in range(30)], renamed):
        for old, new in zip(first, divide(again, add_to_ledger(first, {}), shares=shares), strict=True):
            assert new.split == old.split or (old.split == "train" and new.id != old.id)


def test_new_rows_join_their_conversation_where_it_stands():
    first = divide([row(n, group=f"g{n}") for n in range(10)])
    later = divide(
        [row(f"new{n}", group=f"g{n}") for n in range(10)] + list(map(bare, first)), add_to_ledger(first, {})
    )
    assert [r.split for r in later[:10]] == [r.split for r in first]


def bare(r):
    return Utterance(r.id, r.text, r.raw, r.intents, group=r.group)


@pytest.mark.parametrize("content", ["[]", "3", "{", '{"id:1": "valid"}', '{"id:1": []}', "\udcff"])
def test_a_file_that_is_no_ledger_is_named(tmp_path, content):
    path = tmp_path / "splits.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(WorkbenchError, match=r"splits\.json"):
        read_ledger(path)


def test_a_ledger_is_empty_before_the_first_import(tmp_path):
    assert read_ledger(tmp_path / "splits.json") == {}
