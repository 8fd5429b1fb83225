"""`workbench labelstudio create`: a project that asks for a dataset's intents, new or adopted, on a real server."""

from __future__ import annotations

import pytest
from label_studio_sdk.label_interface import LabelInterface

from tests.label_studio import TOKEN
from tests.labelstudio.harm import answer, lost
from tests.labelstudio.maker import about as about
from tests.labelstudio.maker import answers as answers
from tests.labelstudio.maker import create as create
from tests.labelstudio.maker import known as known
from tests.labelstudio.maker import refused as refused
from tests.labelstudio.maker import save as save
from tests.labelstudio.proxy import Proxy
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance
from workbench_labelstudio.project.label_config import write_config
from workbench_labelstudio.tasks.label_config_reader import read_controls

ODD = ('say "hi" & <b>', "a, b", "line\none", "'", "退款", "x" * 300, "a/b", "é")


def test_a_project_asks_for_the_intents_whatever_their_names(label_studio, create, save, about, answers):
    made = create(save(ODD), "--title", "odd names")
    project = about(made["project"])
    assert made["url"] == f"{label_studio.url}/projects/{project['id']}/data"
    assert made["made"]
    control = read_controls(project["label_config"])["intent"]
    assert tuple(control.labels) == ODD
    assert (control.kind, control.multiple, control.closed, control.data_key) == ("choices", False, True, "text")
    said = answers(made["project"])
    assert [said[f"text {n}"][0][0]["value"]["choices"] for n in range(len(ODD))] == [[intent] for intent in ODD]
    interface = LabelInterface(project["label_config"])
    assert all(interface.validate_annotation({"result": results[0]}) for results in said.values())


def test_several_intents_a_text(create, save, about, answers):
    rows = [
        Utterance("1", "where is it, I want my money", "", ("delivery", "refund")),
        Utterance("2", "hello", "", ()),
        Utterance("3", "never seen", "", None),
    ]
    made = create(save(("delivery", "refund"), rows, "intents"), "--title", "several")
    project = about(made["project"])
    control = read_controls(project["label_config"])["intent"]
    assert control.multiple
    assert "required" not in project["label_config"]  # out of scope is an answer too
    said = answers(made["project"])
    assert said["where is it, I want my money"][0][0]["value"]["choices"] == ["delivery", "refund"]
    assert said["hello"] == [[]]
    assert "never seen" not in said
    assert made["labelled"] == 2


def test_hierarchical_intents_are_a_taxonomy(create, save, about, answers):
    intents = (("order", "refund"), ("order", "delivery"), ("account", "login", "2fa"), ("order",), "other")
    made = create(save(intents), "--title", "paths")
    config = about(made["project"])["label_config"]
    control = read_controls(config)["intent"]
    assert control.kind == "taxonomy"
    assert not control.multiple
    assert "leafsOnly" not in config  # ("order",) is an intent
    assert {("order", "refund"), ("account", "login", "2fa"), ("order",), ("other",)} <= set(control.labels)
    values = [answers(made["project"])[f"text {n}"][0][0]["value"]["taxonomy"] for n in range(5)]
    assert values == [
        [["order", "refund"]],
        [["order", "delivery"]],
        [["account", "login", "2fa"]],
        [["order"]],
        [["other"]],
    ]


def test_one_intent_and_a_thousand(create, save, about):
    one = create(save(("only",)), "--title", "one intent")
    assert tuple(read_controls(about(one["project"])["label_config"])["intent"].labels) == ("only",)
    assert "<Filter" not in about(one["project"])["label_config"]
    many = tuple(f"意图 {n:04}" for n in range(1000))
    made = create(save(many), "--title", "a thousand")
    config = about(made["project"])["label_config"]
    assert tuple(read_controls(config)["intent"].labels) == many
    assert '<Filter name="intent-filter" toName="intent"' in config
    assert about(made["project"])["total_annotations_number"] == 1000


def test_texts_are_uploaded_without_labels(create, save, about):
    made = create(save(("a", "b")), "--title", "no labels", "--no-labels")
    assert about(made["project"])["total_annotations_number"] == made["labelled"] == 0
    assert made["uploaded"] == 2


def test_a_project_that_is_continued_keeps_its_overlap(create, save, refused, about):
    folder = save(("a", "b"))
    project = create(folder, "--title", "overlapping", "--overlap", 2)["project"]
    assert about(project)["maximum_annotations"] == 2
    assert create(folder, "--title", "overlapping")["project"] == project
    assert create(folder, "--title", "overlapping", "--overlap", 2)["project"] == project
    assert "lets 2 annotators see each text, not 3" in refused(folder, "--title", "overlapping", "--overlap", 3)


def token_file(folder):
    path = folder.parent / "token"
    path.write_text(TOKEN)
    path.chmod(0o600)
    return path


def test_a_title_is_continued_if_it_asks_for_the_intents(create, refused, save, about):
    made = create(save(("a", "b")), "--title", " again ")
    more = [Utterance("m", "text 1", "text 1", ("a",)), Utterance("n", "another", "another", ("b",))]
    said = create(save(("b", "a"), more), "--title", "again")
    assert (said["project"], said["made"], said["there"], said["uploaded"]) == (made["project"], False, 1, 1)
    assert about(made["project"])["task_number"] == 3
    assert "lacks 1 of 2 intents: c. Add them in Label Studio" in refused(save(("a", "c")), "--title", "again")
    assert about(made["project"])["task_number"] == 3


@pytest.mark.parametrize("fault", [lost, answer(500, done=True), answer(502)], ids=lambda fault: fault.__name__)
def test_a_project_whose_making_was_not_confirmed_is_made_once(label_studio, create, save, fault):
    folder = save(("a", "b"))
    title = f"once {fault.__name__}"
    with Proxy(label_studio.url) as proxy:
        proxy.harm(fault, "POST", r"^/api/projects/?$")
        made = create(folder, "--title", title, "--url", proxy.url, "--token-file", token_file(folder))
    with label_studio.http() as http:
        projects = http.get("/api/projects", params={"page_size": 1000}).json()["results"]
    assert [one["id"] for one in projects if one["title"] == title] == [made["project"]]
    assert made["uploaded"] == 2


def test_a_project_has_to_be_named(refused, save):
    assert "--title is missing" in refused(save(("a",)))


def test_annotators_may_be_shown_other_names(label_studio, create, save, about, answers):
    """Somebody gives the choices of the label config an alias; annotations and later uploads keep the intents."""
    number = create(save(("refund", "delivery")), "--title", "shown otherwise")["project"]
    config = about(number)["label_config"].replace('value="refund"', 'value="退款, 退货" alias="refund"')
    with label_studio.http() as http:
        http.patch(f"/api/projects/{number}", json={"label_config": config}).raise_for_status()
    more = [Utterance("m", "more", "more", ("refund",))]
    said = create(save(("refund", "delivery"), more), "--title", "shown otherwise")
    assert (said["project"], said["uploaded"]) == (number, 1)
    assert answers(number)["text 0"][0][0]["value"] == answers(number)["more"][0][0]["value"] == {"choices": ["refund"]}


def test_what_the_server_refuses_is_its_own_words_in_one_line(refused, save):
    assert "title: Ensure this field has at least 3" in refused(save(("a",)), "--title", "x", code=1)


@pytest.mark.parametrize(
    ("intents", "said"),
    [((), "no intents"), (("a\x01",), "XML"), ((" a",), "white space"), (("$a",), "begins with $")],
)
def test_intents_that_cannot_be_asked_for(workbench, save, intents, said):
    result = workbench("labelstudio", "create", save(intents, [Utterance("1", "x", "x")]), "--title", "never")
    assert result.exit_code in (1, 2)
    assert said in result.stderr


def test_a_dataset_without_texts_or_of_translations(refused, save, tmp_path):
    Dataset("intent", ("a",), ()).save(tmp_path / "empty")
    assert "holds no texts" in refused(tmp_path / "empty", "--title", "never", code=1)
    pairs = save((), [Utterance("1", "hello", "hello", target="你好")], "translation")
    assert "translations" in refused(pairs, "--title", "never")


def test_what_we_write_the_sdk_reads():
    interface = LabelInterface(write_config(Dataset("intent", ODD, ())))
    assert list(interface.get_control("intent").labels) == list(ODD)


@pytest.mark.parametrize(
    ("verb", "shown", "absent"),
    [
        ("create", ("--title", "--token-file FILE", "--no-labels"), "--into"),
        ("push", ("--mirror FOLDER", "--token-file FILE", "--no-show"), "--no-keep-stale"),
        ("queue", ("--mirror FOLDER", "--token-file FILE", "--by [uncertain"), "--no-dry-run"),
        ("pull", ("--mirror FOLDER", "--token-file FILE"), "--mirror STR"),
        ("agreement", ("--mirror FOLDER", "--token-file FILE"), "--no-"),
    ],
)
def test_help_says_what_a_value_stands_for(workbench, verb, shown, absent):
    text = workbench("labelstudio", verb, "--help").output
    assert [words for words in shown if words not in text] == []
    assert absent not in text
