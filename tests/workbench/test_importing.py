"""Stage `import`: several sources, one dataset; what cannot be split is said."""

from __future__ import annotations

import pytest

from workbench.engine.recipe import check_recipe
from workbench.errors import WorkbenchError
from workbench.nouns.utterance import Utterance
from workbench.stages.importing import read_all


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")


@pytest.fixture
def read(host, context, tmp_path):
    """Read `[[import]]` tables; relative sources are below the test's folder."""

    def read(*tables, known=()):
        values = {"import": [{"reader": "csv", **table} for table in tables]}
        return read_all(check_recipe(values, host, "recipe.toml", tmp_path), tmp_path / "out", context, dict(known))

    return read


MANY = [(f"text {n} about {label}", label) for label in ("b", "a") for n in range(10)]


def test_sources_share_one_order_of_intents_and_keep_their_own_splits(read, tmp_path):
    write(tmp_path / "one/train.csv", MANY)
    write(tmp_path / "two/train.csv", [("fresh text", "c"), ("more text", "a")])
    dataset = read(
        {"source": "one/train.csv", "split": {"train": 0.8, "dev": 0.2}}, {"source": "two/train.csv", "split": "test"}
    )
    assert set(dataset.intents) == {"a", "b", "c"}
    assert len(dataset.split("dev")) == 4
    assert [row.text for row in dataset.split("test")] == ["fresh text", "more text"]
    assert len({row.id for row in dataset}) == len(dataset) == 22
    assert sorted(counts["rows"] for counts in dataset.counts.values()) == [2, 20]


def test_rows_that_two_divided_sources_share_stay_on_one_side(read, tmp_path):
    write(tmp_path / "one.csv", MANY)
    write(tmp_path / "two.csv", MANY)
    share = {"train": 0.5, "dev": 0.5}
    sides = {}
    for row in read({"source": "one.csv", "split": share}, {"source": "two.csv", "split": share}):
        sides.setdefault(row.text, set()).add(row.split)
    assert all(len(side) == 1 for side in sides.values())


RARE = [*MANY, ("the only one", "rare")]


def test_an_intent_with_fewer_rows_than_splits_is_refused_by_name(read, tmp_path):
    write(tmp_path / "one.csv", RARE)
    with pytest.raises(WorkbenchError, match=r"1 intents have fewer rows than the 2 splits: rare \(1\)"):
        read({"source": "one.csv", "split": {"train": 0.8, "dev": 0.2}})


def test_a_rare_intent_can_be_dropped_or_trained_on(read, tmp_path):
    write(tmp_path / "one.csv", RARE)
    table = {"source": "one.csv", "split": {"train": 0.8, "dev": 0.2}}
    dropped, kept = read({**table, "rare": "drop"}), read({**table, "rare": "train"})
    assert "rare" not in dropped.intents
    assert dropped.counts["import"] == {"rare intent": 1}
    assert [row.split for row in kept if row.intent == "rare"] == ["train"]


def test_one_intent_alone_is_no_task(read, tmp_path):
    write(tmp_path / "one.csv", [("a", "x"), ("b", "x")])
    with pytest.raises(WorkbenchError, match="there is only 1 intent: x"):
        read({"source": "one.csv", "split": "train"})


def test_rows_that_a_ledger_knows_keep_their_split(read, tmp_path):
    from workbench.nouns.splits import remember

    write(tmp_path / "one.csv", MANY)
    table = {"source": "one.csv", "split": {"train": 0.8, "dev": 0.2}}
    first = read(table)
    write(tmp_path / "one.csv", [("brand new", "a"), ("quite new", "b"), *reversed(MANY)])
    second = {row.text: row.split for row in read(table, known=remember(first, {}))}
    assert all(second[row.text] == row.split for row in first)


def test_a_utterance_is_its_own_json():
    row = Utterance("1", "a", "A", (("r", "l"), "x"), "t", "dev", "g", "en", "augment:x", {"parent": "0"})
    assert Utterance.from_json(row.to_json()) == row
