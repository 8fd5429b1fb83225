"""`workbench labelstudio agreement`: figures that are right, words where there is no figure."""

from __future__ import annotations

import json

import krippendorff
import pytest
from sklearn.metrics import cohen_kappa_score

from tests.labelstudio.rig import CONFIG, add_tasks, annotate
from tests.labelstudio.tasks import annotation, answer, task

ALONE = "only one annotator has labelled: there is nobody to compare with"
APART = "no task has the labels of two annotators"
CONSTANT = "all labels are the same, so chance alone explains them"


@pytest.fixture
def measure(workbench, tmp_path):
    """What the verb says of tasks, as JSON."""

    def measure(tasks, *arguments):
        (tmp_path / "export.json").write_text(json.dumps(tasks), encoding="utf-8")
        done = workbench("labelstudio", "agreement", tmp_path / "export.json", "--json", *arguments)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    return measure


def said(number, *intents, text="where is my parcel"):
    """A task, and what the annotators 1, 2 … say of it; None = nothing, "" = a skip."""
    made = [
        annotation(*([intent] if intent else []), by=by, was_cancelled=intent == "")
        for by, intent in enumerate(intents, 1)
        if intent is not None
    ]
    return task(number, *made, text=text)


def test_skips_and_empty_answers_are_no_votes(measure):
    report = measure([said(1, "a", ""), said(2, "a", "a"), task(3, annotation("b"), annotation(by=2))])
    assert (report["tasks"], report["shared"], report["agreed"]) == (3, 1, 1)


def test_the_last_annotation_of_an_annotator_is_the_vote(measure):
    tasks = [task(1, annotation("a"), annotation("b"), annotation("b", by=2)), said(2, "a", "b")]
    report = measure(tasks)
    assert (report["shared"], report["agreed"]) == (2, 1)


def test_several_intents_are_compared_as_sets(measure):
    tasks = [
        task(1, annotation(answer(["a", "b"])), annotation(answer(["b", "a"]), by=2)),
        task(2, annotation(answer(["a", "b"])), annotation("a", by=2)),
        said(3, "c", "c"),
    ]
    report = measure(tasks)
    assert (report["shared"], report["agreed"]) == (3, 2)
    assert {one["intent"]: one["agreed"] for one in report["intents"]} == {"a": 2, "b": 1, "c": 1}
    (dispute,) = report["disagreements"]
    assert [vote["intents"] for vote in dispute["votes"]] == [["a", "b"], ["a"]]
    assert report["alpha"] == pytest.approx(krippendorff.alpha([[0, 0, 2], [0, 1, 2]], level_of_measurement="nominal"))


def test_nothing_labelled(measure):
    report = measure([task(1), said(2, "")])
    assert (report["tasks"], report["shared"], report["alpha"], report["annotators"]) == (0, 0, None, {})
    assert report["note"] == APART


def test_annotations_of_nobody_are_counted_and_left_out(measure):
    report = measure([task(1, annotation("a", by=None), annotation("b", by=None), annotation("a", by=1))])
    assert (report["anonymous"], report["shared"], report["note"]) == (2, 0, ALONE)


def test_paths_of_a_taxonomy(measure):
    def topic(path, by):
        return annotation(answer([path], "topic", "taxonomy"), by=by)

    tasks = [task(1, topic(["a", "x"], 1), topic(["b", "y"], 2)), task(2, topic(["a", "x"], 1), topic(["a", "x"], 2))]
    assert {one["intent"] for one in measure(tasks)["intents"]} == {"x", "y"}
    assert [one["intent"] for one in measure(tasks, "--taxonomy", "path")["intents"]] == [["a", "x"], ["b", "y"]]


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        ("gone.json", None, 1, "there is no such file"),
        ("bad.json", "[{]", 1, "is no JSON"),
        ("two.json", [task(1, annotation(answer("a", "x"), answer("b", "y")))], 2, "control ="),
    ],
)
def test_bad_sources_are_told_in_a_line(workbench, tmp_path, name, content, code, words):
    if content:
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content))
    done = workbench("labelstudio", "agreement", tmp_path / name)
    assert done.exit_code == code
    assert words in done.output
    assert "Traceback" not in done.output


def test_a_project_of_the_server_is_pulled_and_measured(label_studio, workbench, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    project = label_studio.project(CONFIG)
    with label_studio.http() as one, label_studio.http(label_studio.second) as other:
        tasks = add_tasks(one, project, [f"包裹 {n} where" for n in range(6)])
        for number, number_of_task in enumerate(tasks[:5]):
            annotate(one, number_of_task, "delivery" if number % 2 else "退款")
            annotate(other, number_of_task, None if number == 4 else "delivery" if number != 2 else "退款")
    (tmp_path / "token").write_text(label_studio.personal_token())
    (tmp_path / "token").chmod(0o600)
    access = ["--url", label_studio.url, "--token-file", tmp_path / "token"]
    done = workbench("labelstudio", "agreement", project, "--json", *access)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["control"], report["tasks"], report["shared"], report["agreed"]) == ("intent", 5, 4, 3)
    (pair,) = report["pairs"]
    assert pair["kappa"] == pytest.approx(cohen_kappa_score([0, 1, 0, 1], [1, 1, 0, 1]))
    (dispute,) = report["disagreements"]
    assert (dispute["task"], dispute["text"], dispute["intents"]) == (str(tasks[0]), "包裹 0 where", None)
    words = workbench("labelstudio", "agreement", project, *access).output
    assert "5 labelled tasks, 4 of them by several annotators" in words
    assert "包裹 0 where" in words
