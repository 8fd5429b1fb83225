"""Stage `import`: several sources, one dataset; what cannot be split is said."""

from __future__ import annotations

import pytest

from workbench.api import Reader, build_host, hookimpl
from workbench.engine.recipe import check_recipe
from workbench.errors import WorkbenchError
from workbench.nouns.dataset import Dataset
from workbench.nouns.splits import add_to_ledger, ledger_keys
from workbench.nouns.utterance import Utterance
from workbench.stages.import_sources import read_rows
from workbench.stages.import_stage import import_stage
from workbench.stages.split_assignment import KEPT, divide


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")


class Brings:
    """A reader of rows that their source normalized: its name tells how."""

    @hookimpl
    def readers(self):
        def run(source, out, options, context):
            rows = [Utterance(f"{source}{n}", text, text, (label,)) for n, (text, label) in enumerate(MANY)]
            return Dataset("intent", ("a", "b"), tuple(rows), normalization=tuple(source.split("+")))

        return {"brings": Reader(run=run, summary="", named=True)}


@pytest.fixture(scope="module")
def host():
    host = build_host()
    host.register(Brings(), "brings")
    return host


@pytest.fixture
def read(host, context, tmp_path):
    """Read `[[import]]` tables; relative sources are below the test's folder."""

    def read(*tables, known=()):
        values = {"import": [{"reader": "csv", **table} for table in tables]}
        recipe = check_recipe(values, host, "recipe.toml", tmp_path)
        return divide(read_rows(recipe, tmp_path / "out", context), recipe.top.seed, dict(known))

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
THIRDS = {"train": 0.34, "dev": 0.33, "test": 0.33}


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


def test_all_rows_of_a_rare_intent_go_into_train(read, tmp_path):
    write(tmp_path / "one.csv", [*RARE, ("its second", "rare")])
    dataset = read({"source": "one.csv", "split": THIRDS, "rare": "train"})
    assert [row.split for row in dataset if row.intent == "rare"] == ["train", "train"]
    assert "import" not in dataset.counts


def test_one_intent_alone_is_no_task(read, tmp_path):
    write(tmp_path / "one.csv", [("a", "x"), ("b", "x")])
    with pytest.raises(WorkbenchError, match="at least two intents, but the sources have: x"):
        read({"source": "one.csv", "split": "train"})


def test_rows_that_a_ledger_knows_keep_their_split(read, tmp_path):
    write(tmp_path / "one.csv", MANY)
    table = {"source": "one.csv", "split": {"train": 0.8, "dev": 0.2}}
    first = read(table)
    write(tmp_path / "one.csv", [("brand new", "a"), ("quite new", "b"), *reversed(MANY)])
    second = {row.text: row.split for row in read(table, known=add_to_ledger(first, {}))}
    assert all(second[row.text] == row.split for row in first)


EIGHTY = {"train": 0.8, "dev": 0.2}


@pytest.mark.parametrize("later", [{}, {"split": "train"}])
def test_rows_held_out_once_do_not_move_into_train(read, tmp_path, later):
    write(tmp_path / "one.csv", MANY)
    first = read({"source": "one.csv", "split": EIGHTY})
    second = read({"source": "one.csv", **later}, known=add_to_ledger(first, {}))
    assert second.utterances == first.utterances
    assert second.counts["import"] == {KEPT: 4}


def test_rows_known_in_train_do_not_move_into_test_and_new_ones_do(read, tmp_path):
    write(tmp_path / "one.csv", MANY)
    first = read({"source": "one.csv", "split": EIGHTY})
    write(tmp_path / "one.csv", [*MANY, ("brand new", "a")])
    second = read({"source": "one.csv", "split": "test"}, known=add_to_ledger(first, {}))
    assert [row.text for row in second.split("test")] == ["brand new"]
    assert second.counts["import"] == {KEPT: 20}


def test_a_split_that_earlier_rows_leave_empty_is_refused(read, tmp_path):
    write(tmp_path / "one.csv", MANY)
    known = add_to_ledger(read({"source": "one.csv", "split": EIGHTY}), {})
    thirds = {"train": 0.6, "dev": 0.2, "test": 0.2}
    with pytest.raises(WorkbenchError, match=r"no row is left for test, .*Remove splits.json to assign"):
        read({"source": "one.csv", "split": thirds}, known=known)
    write(tmp_path / "one.csv", [*MANY, ("brand new", "a"), ("quite new", "b")])
    assert len(read({"source": "one.csv", "split": thirds}, known=known).split("test")) == 2


def test_a_split_that_the_source_states_stays_and_is_no_news(read, tmp_path):
    lines = [f"{text},{label},{'test' if n % 2 else ''}\n" for n, (text, label) in enumerate(MANY)]
    (tmp_path / "one.csv").write_text("text,label,fold\n" + "".join(lines))
    table = {"source": "one.csv", "split": EIGHTY, "split_key": "fold"}
    first = read(table)
    assert [row.split == "test" for row in first] == [n % 2 == 1 for n in range(20)]
    assert "import" not in first.counts
    assert read(table, known={name: "train" for row in first.split("test") for name in ledger_keys(row)}) == first


def test_rows_keep_the_split_of_their_source_and_shares_divide_the_others(read, tmp_path, caplog):
    lines = [f"{text},{label},{'test' if n % 2 else ''}\n" for n, (text, label) in enumerate(MANY)]
    (tmp_path / "one.csv").write_text("text,label,split\n" + "".join(lines))
    dataset = read({"source": "one.csv", "split": EIGHTY})
    assert [row.split == "test" for row in dataset] == [n % 2 == 1 for n in range(20)]
    assert {row.split for row in dataset} == {"train", "dev", "test"}
    assert (
        "one.csv: 10 rows keep the split that the source states; the option `split` applies to the other 10 rows"
        in caplog.text
    )


def test_a_source_without_dev_gives_dev_from_train_and_its_test_stays(read, tmp_path, caplog):
    caplog.set_level("INFO")
    twins = [*MANY, *MANY[:4]]  # a published test set repeats texts of its train set
    lines = [f"{text},{label},{'test' if n >= 16 else 'train'}\n" for n, (text, label) in enumerate(twins)]
    (tmp_path / "one.csv").write_text("text,label,split\n" + "".join(lines))
    table = {"source": "one.csv", "split": {"train": 0.6, "dev": 0.2, "test": 0.2}, "rare": "train"}
    first = read(table)
    assert [row.split == "test" for row in first] == [n >= 16 for n in range(24)]
    assert len(first.split("dev")) == 5  # a quarter of the 10 and of the 6 train rows of the intents
    assert "one.csv has no dev rows; they are taken from its train rows" in caplog.text
    assert read(table, known=add_to_ledger(first, {})) == first


def test_a_repeated_import_says_the_same(read, tmp_path):
    (tmp_path / "one.csv").write_text(
        "text,label,who\n" + "".join(f"{text},{label},{n % 7}\n" for n, (text, label) in enumerate(MANY))
    )
    (tmp_path / "two.csv").write_text("text,label,who\nfresh,a,3\nmore,b,4\n")
    tables = (
        {"source": "one.csv", "split": EIGHTY, "group_key": "who"},
        {"source": "two.csv", "split": "test", "group_key": "who"},
    )
    first = read(*tables)
    assert first.counts["import"] == {KEPT: 6}
    assert read(*tables, known=add_to_ledger(first, {})) == first


def test_a_conversation_in_two_sources_with_other_shares_stands_in_one_split(read, tmp_path):
    for name in ("one", "two"):
        lines = [f"{name} {n} {label},{label},{n}\n" for label in "ab" for n in range(20)]
        (tmp_path / f"{name}.csv").write_text("text,label,who\n" + "".join(lines))
    dataset = read(
        {"source": "one.csv", "split": EIGHTY, "group_key": "who"},
        {"source": "two.csv", "split": {"train": 0.7, "dev": 0.3}, "group_key": "who"},
    )
    sides = {}
    for row in dataset:
        sides.setdefault(row.group, set()).add(row.split)
    assert len(sides) == 20
    assert all(len(side) == 1 for side in sides.values())


def test_an_intent_with_fewer_conversations_than_splits_is_rare(read, tmp_path):
    (tmp_path / "one.csv").write_text(
        "text,label,who\n"
        + "".join(f"{text},{label},{n}\n" for n, (text, label) in enumerate(MANY))
        + "".join(f"again {n},rare,same\n" for n in range(5))
    )
    table = {"source": "one.csv", "split": THIRDS, "group_key": "who"}
    with pytest.raises(WorkbenchError, match=r"fewer rows than the 3 splits: rare \(1\)"):
        read(table)
    assert {row.split for row in read({**table, "rare": "train"}) if row.intent == "rare"} == {"train"}


def test_a_rare_intent_that_was_held_out_stays_held_out(read, tmp_path):
    write(tmp_path / "one.csv", [*MANY, ("first", "rare"), ("second", "rare")])
    table = {"source": "one.csv", "split": EIGHTY}
    first = read(table)
    held_out = next(row for row in first.split("dev") if row.intent == "rare")
    write(tmp_path / "one.csv", [*MANY, (held_out.text, "rare")])
    second = read({**table, "rare": "train"}, known=add_to_ledger(first, {}))
    assert [row.split for row in second if row.intent == "rare"] == ["dev"]


@pytest.fixture
def stage(host, tmp_path):
    """The import stage of `[[import]]` tables with a ledger at `splits.json`."""

    def stage(*tables):
        recipe = check_recipe({"import": list(tables)}, host, "recipe.toml", tmp_path)
        return import_stage(recipe, tmp_path / "splits.json")

    return stage


def test_an_import_that_fails_pins_no_row(stage, context, tmp_path):
    write(tmp_path / "one.csv", MANY)
    work = stage({"reader": "csv", "source": "one.csv", "split": EIGHTY}).work
    (tmp_path / "full").write_text("no folder can be made here")
    with pytest.raises(FileExistsError):
        work({}, tmp_path / "full", context)
    assert not (tmp_path / "splits.json").exists()
    work({}, tmp_path / "out", context)
    assert (tmp_path / "splits.json").is_file()


def test_the_ledger_is_named_where_it_stands_in_the_way(stage, context, tmp_path):
    write(tmp_path / "one.csv", MANY)
    stage({"reader": "csv", "source": "one.csv", "split": EIGHTY}).work({}, tmp_path / "out", context)
    with pytest.raises(WorkbenchError) as caught:
        stage({"reader": "csv", "source": "one.csv", "split": "test"}).work({}, tmp_path / "again", context)
    assert caught.value.where == tmp_path / "splits.json"


def test_a_source_that_is_a_name_is_no_folder_beside_the_recipe(stage, context, tmp_path):
    write(tmp_path / "en/huge.csv", MANY)
    named = stage({"reader": "quickstart", "source": "en", "split": EIGHTY})
    assert named.outside() == {}
    named.work({}, tmp_path / "out", context)
    assert len(Dataset.load(tmp_path / "out").intents) == 14
    assert set(stage({"reader": "csv", "source": "en/huge.csv", "split": "train"}).outside()) == {"0"}


def test_a_utterance_is_its_own_json():
    row = Utterance("1", "a", "A", (("r", "l"), "x"), "t", "dev", "g", "en", "augment:x", {"parent": "0"})
    assert Utterance.from_json(row.to_json()) == row


def test_what_readers_normalized_is_remembered(read):
    tables = [{"reader": "brings", "source": "repair-1+mask-1"}] * 2
    assert read(*tables).normalization == ("repair-1", "mask-1")


def test_sources_that_are_normalized_in_different_ways_are_refused(read, tmp_path):
    write(tmp_path / "raw.csv", MANY)
    with pytest.raises(WorkbenchError, match=r"repair-1\+mask-1 \(repair-1 then mask-1\), raw.csv \(none\)"):
        read({"reader": "brings", "source": "repair-1+mask-1"}, {"source": "raw.csv"})
