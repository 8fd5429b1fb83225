"""Bad Label Studio exports: each gets one line that says what, where and what to do."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.labelstudio.tasks import annotation, answer, reading, task
from workbench.errors import UsageProblem, WorkbenchError

GOOD = [task(number, annotation("a" if number % 2 else "b")) for number in range(20)]
WHOLE = json.dumps(GOOD).encode()


@pytest.fixture
def refuse(host, context, tmp_path):
    read = reading(host, context, tmp_path / "export.json")

    def refused(content=None, kind=WorkbenchError, **options):
        with pytest.raises(kind) as caught:
            read(content, **options)
        message = str(caught.value)
        assert "\n" not in message
        assert str(tmp_path / "export.json") in message
        assert caught.value.remedy
        return message

    return refused


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "there is no such file"),
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (gzip.compress(WHOLE, mtime=0)[:-200], "gzip file that ends too early"),
        (gzip.compress(WHOLE, mtime=0)[:200] + b"\0\0\0\0" + gzip.compress(WHOLE, mtime=0)[204:], "damaged gzip"),
        (b"not json", "is no JSON: Expecting value at line 1, column 1"),
        (b"[" * 100_000, "no JSON that can be read"),
        (b'{"detail": "Invalid token."}', "holds one JSON object"),
        (b'"text"', "is no Label Studio export"),
        (b"[]", "holds no tasks"),
        (b'["a", "b"]', "entry 0 is 'a', not a task"),
        (b'[{"id": 1, "data": {"text": "a"}, "annotations": []}, null]', "entry 1 is None, not a task"),
        (b'[{"data": {"text": "a"}}]', "entry 0 has no task id"),
        (b'[{"id": 1, "annotations": []}]', "entry 0 has no data"),
        ("投诉".encode("gb18030"), "is no JSON"),
        (b"\xff\xfe\0", "is neither UTF-8, UTF-16, GB18030 nor Windows-1252"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_file_that_is_no_export(refuse, content, words):
    assert words in refuse(content)


@pytest.mark.parametrize(
    ("cut", "byte"),
    [
        (1, 1),
        (len(WHOLE) - 1, len(WHOLE) - 1),
        (WHOLE.index(b"parcel"), WHOLE.index(b'"where')),  # in a text: where the text begins
        (WHOLE.index(b"false") + 3, WHOLE.index(b"false")),  # in a word: where the word begins
    ],
)
def test_a_truncated_export_says_where_it_ends(refuse, cut, byte):
    message = refuse(WHOLE[:cut])
    assert "ends too early" in message
    assert f"line 1, column {byte + 1} (byte {byte:,})" in message


def test_json_that_is_damaged_inside_is_told_from_truncated(refuse):
    assert "is no JSON: Expecting ',' delimiter" in refuse(WHOLE.replace(b"}, {", b"} {", 1))


def test_a_folder_is_no_file(refuse, tmp_path):
    (tmp_path / "export.json").mkdir()
    assert "is a folder" in refuse()


def test_json_min_is_known_and_the_format_to_choose_named(refuse):
    row = {"text": "where is it", "id": 1, "intent": "delivery", "annotator": 1, "annotation_id": 3, "lead_time": 2.5}
    message = refuse([row])
    assert "JSON_MIN" in message
    assert "the format JSON" in message


def test_an_unknown_text_key_lists_the_keys(refuse):
    tasks = [task(1, annotation("a")) | {"data": {"客户留言": "a", "texts": "b"}}]
    assert "Did you mean 'texts'? Known: texts, 客户留言" in refuse(tasks, UsageProblem)


@pytest.mark.parametrize("option", ["split_key", "group_key"])
def test_an_unknown_key_lists_data_and_meta(refuse, option):
    message = refuse([task(1, annotation("a"), meta={"customer": 1})], UsageProblem, **{option: "costumer"})
    assert f"option {option}" in message
    assert "Did you mean 'customer'? Known: customer, text" in message


def test_several_controls_are_listed_with_what_they_hold(refuse):
    tasks = [task(n, annotation(answer("calm", "tone"), answer(f"intent {n}", "意图"))) for n in range(3)]
    message = refuse([*tasks, task(9, annotation(answer("angry", "tone")))], UsageProblem)
    assert "tone (2 labels), 意图 (3 labels)" in message
    assert 'control = "意图"' in message


def test_an_unknown_control_names_the_nearest(refuse):
    assert "Did you mean 'intent'" in refuse(GOOD, UsageProblem, control="intnet")


def test_a_control_of_another_kind_is_named_as_such(refuse):
    tasks = [task(1, annotation(answer("call back", "note", "textarea"), answer("a")))]
    message = refuse(tasks, UsageProblem, control="note")
    assert "'note' is of type textarea" in message
    assert "Choices and Taxonomy controls: intent" in message


@pytest.mark.parametrize("control", [None, "intent"])
def test_every_task_skipped(refuse, control):
    message = refuse([task(n, annotation(was_cancelled=True)) for n in range(12)], control=control)
    assert "no task has a text and an intent (12 tasks, 12 skipped)" in message


def test_several_choices_are_refused_with_the_task_ids(refuse):
    tasks = [task(n, annotation(answer(["a", "b"] if n % 2 else ["a"]))) for n in range(30)]
    message = refuse(tasks)
    assert "15 tasks have several choices for 'intent': task 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 5 more" in message
    assert 'several = "first"' in message
    assert 'several = "explode"' in message


def test_choices_of_two_results_are_several(refuse):
    assert "task 1" in refuse([task(1, annotation("a", "b")), task(2, annotation("a", "a"))])


def test_task_ids_that_stand_twice(refuse):
    assert "2 task ids stand twice: 3, 5" in refuse([*GOOD, GOOD[3], GOOD[5], GOOD[5]])


def test_annotations_as_bare_ids_say_nothing(refuse):
    message = refuse([*GOOD, {**task(77), "annotations": [12, 13]}])
    assert "task 77: holds annotations as bare ids" in message


def test_a_list_is_no_text(refuse):
    assert "task 5: 'text' holds a list" in refuse([*GOOD[:5], task(5, annotation("a"), text=[{"author": "a"}])])


def test_an_unknown_split_names_the_task(refuse):
    assert "task 4: unknown split 'trian'" in refuse([task(4, annotation("a"), meta={"s": "trian"})], split_key="s")


def test_latest_needs_times(refuse):
    tasks = [task(6, annotation("a", updated_at="yesterday"), annotation("b"))]
    assert "task 6: has an annotation without a readable time" in refuse(tasks, policy="latest")


@pytest.mark.parametrize("updated", [1732416000, 20261124, ["2026-11-24T03:00:00Z"], {"at": 1}, True])
def test_latest_needs_times_that_are_texts(refuse, updated):
    tasks = [*GOOD, task(77, annotation("a", updated_at=updated), annotation("b"))]
    message = refuse(tasks, policy="latest")
    assert "task 77: has an annotation without a readable time" in message
    assert "is no text" in message


def test_choices_that_all_are_blank_leave_nothing(refuse):
    tasks = [task(n, annotation("" if n else " \u200b")) for n in range(3)]
    assert "no task has a text and an intent (3 tasks, 3 empty)" in refuse(tasks)


@pytest.mark.parametrize(
    "broken",
    [
        {"annotations": {"a": 1}},
        {"annotations": [None]},
        {"annotations": [{"result": []}]},
        {"annotations": 7},
        {"annotations": [{"id": 1, "result": [{"from_name": "intent", "type": "choices"}]}]},
        {"annotations": [{"id": 1, "result": [{"from_name": "intent", "type": "choices", "value": {}}]}]},
        {"annotations": [{"id": 1, "result": [{"from_name": "intent"}]}]},
        {"annotations": [{"id": 1, "result": "abc"}]},
        {"annotations": [{"id": 1, "result": [answer([["a", {"b": 1}]], "topic", "taxonomy")]}]},
        {"annotations": [{"id": 1, "result": [answer([["a", ["b"]]], "topic", "taxonomy")]}]},
        {"annotations": [{"id": 1, "result": [answer([None])]}]},
        {"meta": 5},
    ],
)
def test_a_task_of_another_shape_is_named(refuse, broken):
    assert "task 77: " in refuse([*GOOD, task(77) | broken])
