"""`workbench labelstudio push` against a real server."""

from __future__ import annotations

from tests.bundles import INTENTS, write_bundle
from tests.labelstudio.harm import passed
from tests.labelstudio.project import (
    CONFIG,
    TEXTS,
    about,
    add_texts,
    label,
    predict,
    predictions,
    remove_predictions,
    with_texts,
)
from tests.labelstudio.project import push as push
from tests.labelstudio.project import run as run
from tests.labelstudio.proxy import Proxy
from workbench.nouns.model import Model


def test_each_task_gets_one_prediction_and_a_second_push_writes_none(label_studio, push, bundle):
    project, _ = with_texts(label_studio)
    first = push(project)
    assert (first["written"], first["standing"], first["version"]) == (len(TEXTS), 0, f"words-{bundle.id}")
    stands = predictions(label_studio, project)[first["version"]]
    assert stands["我要退款"][0] == ["退款"]
    assert stands["where is my parcel"][0] == ["delivery"]
    assert all(0.5 <= score <= 1 for _, score in stands.values())
    assert about(label_studio, project)["model_version"] == first["version"]
    second = push(project)
    assert (second["written"], second["standing"]) == (0, len(TEXTS))
    add_texts(label_studio, project, ["my money please"])
    assert push(project)["written"] == 1
    assert predictions(label_studio, project)[first["version"]]["my money please"][0] == ["退款"]


def test_what_an_earlier_push_wrote_goes_and_what_others_wrote_stays(label_studio, push):
    project, ids = with_texts(label_studio)
    push(project, "--version", "words-000000000000")
    predict(label_studio, ids["please"], "delivery", "somebody-else")
    pushed = push(project)
    assert pushed["removed"] == {"words-000000000000": len(TEXTS)}
    assert set(predictions(label_studio, project)) == {pushed["version"], "somebody-else"}
    with label_studio.http() as http:
        http.patch(f"/api/projects/{project}", json={"model_version": "somebody-else"}).raise_for_status()
    push(project)
    assert about(label_studio, project)["model_version"] == pushed["version"]


def test_a_version_of_a_name_of_ones_own_stays_as_the_help_says(label_studio, push, workbench):
    project, _ = with_texts(label_studio)
    push(project, "--version", "mine")
    pushed = push(project)
    assert pushed["removed"] == {}
    assert set(predictions(label_studio, project)) == {pushed["version"], "mine"}
    told = " ".join(workbench("labelstudio", "push", "--help").output.split())
    assert "model version to write, which stays until you delete it" in told
    assert "those of a --version of your own stay anyway" in told


def test_stale_predictions_and_what_is_shown_stay_when_asked_so(label_studio, push):
    project, _ = with_texts(label_studio)
    first, second = "words-111111111111", "words-222222222222"
    push(project, "--version", first)
    pushed = push(project, "--version", second, "--keep-stale", "--no-show")
    assert (pushed["removed"], pushed["shows"]) == ({}, first)
    assert set(predictions(label_studio, project)) == {first, second}
    assert about(label_studio, project)["model_version"] == first
    assert push(project, "--version", second)["removed"] == {first: len(TEXTS)}
    assert about(label_studio, project)["model_version"] == second


def test_a_push_goes_on_where_another_was_killed_and_leaves_no_task_with_two(label_studio, push):
    project, ids = with_texts(label_studio)
    push(project, "--version", "mine")
    predict(label_studio, ids["我要退款"], "退款", "mine")
    remove_predictions(label_studio, project, "mine", [ids["please"], ids["where is my parcel"]])
    pushed = push(project, "--version", "mine")
    assert (pushed["written"], pushed["standing"]) == (2, len(TEXTS) - 2)
    assert set(predictions(label_studio, project)["mine"]) == set(TEXTS)


def test_requests_stay_small_enough_for_a_proxy_in_front(label_studio, push, monkeypatch):
    monkeypatch.setattr("workbench_labelstudio.push.prediction_store.CHUNK_BYTES", 500)
    project, _ = with_texts(label_studio)
    with Proxy(label_studio.url) as proxy:
        monkeypatch.setenv("LABEL_STUDIO_URL", proxy.url)
        assert push(project)["written"] == len(TEXTS)
        assert proxy.seen("POST", "/import/predictions") == len(TEXTS) / 2  # each is about 200 bytes


def test_a_task_that_is_deleted_during_a_push_is_left_out_by_the_next_one(label_studio, push, monkeypatch):
    project, ids = with_texts(label_studio)

    def delete_first(exchange):
        with label_studio.http() as http:
            http.delete(f"/api/tasks/{ids['please']}").raise_for_status()
        passed(exchange)

    with Proxy(label_studio.url) as proxy:
        monkeypatch.setenv("LABEL_STUDIO_URL", proxy.url)
        proxy.harm(delete_first, "POST", "/import/predictions")
        assert "the server refuses this" in push(project, fails=True)
        assert push(project)["written"] == len(TEXTS) - 1
    (stands,) = predictions(label_studio, project).values()
    assert set(stands) == {*TEXTS} - {"please"}


def test_a_label_that_was_removed_from_the_config_is_named_and_stops_new_predictions_of_it(label_studio, push):
    project, _ = with_texts(label_studio, ["where is my parcel", "late"])
    push(project)
    with label_studio.http() as http:
        config = CONFIG.replace('<Choice value="退款"/>', "")
        http.patch(f"/api/projects/{project}", json={"label_config": config}).raise_for_status()
    again = push(project)
    assert again["written"] == 0
    assert again["findings"] == [
        "intent: removed since the last pull: '退款'",
        "the label config lacks intents of the model: '退款'",
    ]
    add_texts(label_studio, project, ["my money", "courier"])
    assert "'退款' (1 texts)" in push(project, fails=True)
    assert "courier" not in predictions(label_studio, project)[again["version"]]


def test_a_dry_run_asks_and_writes_nothing(label_studio, run, bundle, monkeypatch, tmp_path):
    project, ids = with_texts(label_studio)
    elsewhere = ("--mirror", tmp_path / "elsewhere")  # a first pull, too
    label(label_studio, ids["please"], "delivery")
    with Proxy(label_studio.url) as proxy:
        monkeypatch.setenv("LABEL_STUDIO_URL", proxy.url)
        assert run("push", bundle.path, project, "--dry-run")["written"] == len(TEXTS)
        assert len(run("queue", bundle.path, project, "--dry-run", *elsewhere)["tasks"]) == len(TEXTS) - 1
        assert proxy.seen() == proxy.seen("GET") > 0


def test_an_intent_that_the_label_config_lacks_is_named_before_anything_is_written(label_studio, push):
    project, _ = with_texts(label_studio, config=CONFIG.replace('<Choice value="退款"/>', '<Choice value="other"/>'))
    told = push(project, fails=True)
    assert "'退款' (" in told
    assert "nothing was written" in told
    assert predictions(label_studio, project) == {}


def test_labels_are_given_by_their_alias(label_studio, push):
    config = CONFIG.replace('<Choice value="退款"/>', '<Choice value="Refund" alias="退款"/>')
    project, _ = with_texts(label_studio, config=config)
    version = push(project)["version"]
    assert predictions(label_studio, project)[version]["我要退款"][0] == ["退款"]


def test_a_taxonomy_gets_paths(label_studio, push):
    config = (
        '<View><Text name="t" value="$text"/><Taxonomy name="intent" toName="t"><Choice value="orders">'
        '<Choice value="delivery"/><Choice value="退款"/></Choice></Taxonomy></View>'
    )
    project, _ = with_texts(label_studio, config=config)
    version = push(project)["version"]
    assert predictions(label_studio, project)[version]["我要退款"][0] == [["orders", "退款"]]


def test_a_taxonomy_with_labels_from_elsewhere_gets_paths_too(label_studio, push):
    taxonomy = '<Taxonomy name="intent" toName="t" apiUrl="https://labels.example/all.json"/>'
    config = f'<View><Text name="t" value="$text"/>{taxonomy}</View>'
    project, _ = with_texts(label_studio, config=config)
    version = push(project)["version"]
    assert predictions(label_studio, project)[version]["我要退款"][0] == [["退款"]]


def test_only_unlabelled_tasks_when_asked_so_and_blank_texts_get_none(label_studio, push):
    project, ids = with_texts(label_studio, [*TEXTS, " "])
    label(label_studio, ids["please"], "delivery")
    pushed = push(project, "--only", "unlabelled")
    assert (pushed["written"], pushed["blank"]) == (len(TEXTS) - 1, 1)
    assert "please" not in predictions(label_studio, project)[pushed["version"]]


def test_odd_requests_end_in_one_line(label_studio, push, tmp_path):
    empty = label_studio.project(CONFIG)
    assert "the project has no tasks" in push(empty, fails=True)
    project, _ = with_texts(label_studio)
    assert "unknown control 'tone'" in push(project, "--control", "tone", fails=True)
    assert "unknown key 'body'" in push(project, "--text", "body", fails=True)
    assert "unknown project 'none such'" in push("none such", fails=True)
    other, _ = with_texts(label_studio, config=CONFIG.replace("delivery", "praise").replace("退款", "投诉"))
    assert "intents: delivery, 退款; controls that ask for labels: intent ('praise', '投诉')" in push(other, fails=True)
    with label_studio.http() as http:
        http.delete(f"/api/projects/{project}").raise_for_status()
    assert f"unknown project '{project}'" in push(project, fails=True)


def test_choices_inside_choices_are_refused_since_the_server_would_drop_them(label_studio, push):
    nested = CONFIG.replace("toName", 'allowNested="true" toName').replace(
        '<Choice value="delivery"/>', '<Choice value="orders"><Choice value="delivery"/></Choice>'
    )
    project, _ = with_texts(label_studio, config=nested)
    assert "takes no predictions for Choices with allowNested" in push(project, fails=True)


def test_a_model_of_several_intents_a_text_is_refused(label_studio, push, tmp_path):
    folder = tmp_path / "several"
    several = write_bundle(folder, model=Model(folder, "onnx", "intents", INTENTS, max_length=32))
    project, _ = with_texts(label_studio)
    assert "is for the task 'intents'" in push(project, model=several.path, fails=True)
    assert predictions(label_studio, project) == {}
