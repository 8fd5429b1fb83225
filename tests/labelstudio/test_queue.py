"""`workbench labelstudio queue` against a real server: what it serves next."""

from __future__ import annotations

from tests.label_studio import TOKEN
from tests.labelstudio.project import TEXTS, about, label, predictions, with_texts
from tests.labelstudio.project import run as run

UNCERTAIN = {"refund parcel", "please"}  # both intents speak for them, or none


def served_next(server, project, token=TOKEN):
    with server.http(token) as http:
        return http.get(f"/api/projects/{project}/next").raise_for_status().json()["id"]


def views(server, project):
    """Title -> what the tab holds, with its id."""
    with server.http() as http:
        found = http.get("/api/dm/views", params={"project": project}).raise_for_status().json()
        return {view["data"]["title"]: {**view["data"], "id": view["id"]} for view in found}


def served_by_tab(server, project, title, token):
    """What the page asks for when somebody presses Label All Tasks in a tab."""
    tab = views(server, project)[title]
    with server.http(token) as http:
        params = {"id": "next_task", "project": project, "tabID": tab["id"]}
        body = {key: tab[key] for key in ("filters", "ordering")} | {"selectedItems": {"all": True, "excluded": []}}
        return http.post("/api/dm/actions", params=params, json=body).raise_for_status().json()["id"]


def listed(server, project, title):
    """The texts of a tab, in its order."""
    with server.http() as http:
        params = {"view": views(server, project)[title]["id"], "project": project}
        return [task["data"]["text"] for task in http.get("/api/tasks", params=params).json()["tasks"]]


def test_the_least_certain_task_is_served_next(label_studio, run, bundle):
    project, _ = with_texts(label_studio)
    queued = run("queue", bundle.path, project, "--size", 3)
    order = [entry["task"] for entry in queued["tasks"]]
    assert {entry["text"] for entry in queued["tasks"][:2]} == UNCERTAIN
    assert served_next(label_studio, project) == order[0]
    label(label_studio, order[0], "delivery")
    assert served_next(label_studio, project) == order[1]


def test_with_two_annotators_the_tab_keeps_the_order(label_studio, run, bundle):
    project, ids = with_texts(label_studio, [*TEXTS, "my refund", "late"])
    label(label_studio, ids["my refund"], "退款")
    label(label_studio, ids["late"], "delivery", token=label_studio.second)
    queued = run("queue", bundle.path, project, "--size", 4)
    order = [entry["task"] for entry in queued["tasks"]]
    assert served_by_tab(label_studio, project, "Review queue", label_studio.second) == order[0]
    label(label_studio, order[0], "delivery", token=label_studio.second)
    assert served_by_tab(label_studio, project, "Review queue", label_studio.second) == order[1]
    assert served_by_tab(label_studio, project, "Review queue", TOKEN) == order[1]
    assert {served_next(label_studio, project) for _ in range(5)} <= set(order[1:])


def test_what_others_have_begun_is_served_before_the_queue_where_texts_are_for_several_people(
    label_studio, run, bundle
):
    project, ids = with_texts(label_studio)
    with label_studio.http() as http:
        http.patch(f"/api/projects/{project}", json={"maximum_annotations": 2}).raise_for_status()
    label(label_studio, ids["我要退款"], "退款")
    queued = run("queue", bundle.path, project, "--size", 2)
    assert ids["我要退款"] not in {entry["task"] for entry in queued["tasks"]}
    assert served_next(label_studio, project, label_studio.second) == ids["我要退款"]
    assert served_next(label_studio, project) == queued["tasks"][0]["task"]


def test_the_models_own_confidence_is_never_overwritten_and_clear_restores(label_studio, run, bundle):
    project, _ = with_texts(label_studio)
    version = run("push", bundle.path, project)["version"]
    before, stood = about(label_studio, project), predictions(label_studio, project)[version]
    queued = run("queue", bundle.path, project, "--size", 2)
    assert about(label_studio, project)["sampling"] == "Uncertainty sampling"
    assert predictions(label_studio, project)[version] == stood
    assert len(predictions(label_studio, project)[queued["version"]]) == 2
    run("queue", project, "--clear")
    after = about(label_studio, project)
    assert [after[key] for key in ("sampling", "model_version")] == [before["sampling"], version]
    assert set(predictions(label_studio, project)) == {version}
    assert "Review queue" not in views(label_studio, project)


def test_a_second_queue_replaces_the_first(label_studio, run, bundle):
    project, _ = with_texts(label_studio)
    run("queue", bundle.path, project, "--size", 4)
    queued = run("queue", bundle.path, project, "--by", "diverse", "--size", 2)
    assert {version: len(of) for version, of in predictions(label_studio, project).items()} == {queued["version"]: 2}
    assert list(views(label_studio, project)).count("Review queue") == 1


def test_a_tab_is_updated_in_place_and_others_are_left_alone(label_studio, run, bundle):
    project, _ = with_texts(label_studio)
    with label_studio.http() as http:
        body = {"project": project, "data": {"title": "Mine", "ordering": ["tasks:id"]}}
        http.post("/api/dm/views", json=body).raise_for_status()
        mine = views(label_studio, project)
        run("queue", bundle.path, project, "--size", 2)
        review = views(label_studio, project)["Review queue"]
        data = {**review, "gridWidth": 7}
        http.patch(f"/api/dm/views/{review['id']}", json={"project": project, "data": data}).raise_for_status()
    queued = run("queue", bundle.path, project, "--by", "out-of-scope", "--size", 2)
    after = views(label_studio, project)
    assert set(after) == {"Mine", "Review queue"}
    assert after["Mine"] == mine["Mine"]
    assert (after["Review queue"]["id"], after["Review queue"]["gridWidth"]) == (review["id"], 7)
    assert listed(label_studio, project, "Review queue") == [entry["text"] for entry in queued["tasks"]]


def test_a_push_during_a_queue_is_shown_when_the_queue_ends(label_studio, run, bundle):
    project, _ = with_texts(label_studio)
    queued = run("queue", bundle.path, project)
    pushed = run("push", bundle.path, project)
    assert about(label_studio, project)["model_version"] == queued["version"] == pushed["shows"]
    assert run("queue", project, "--clear")["model_version"] == pushed["version"]
    after = about(label_studio, project)
    assert (after["model_version"], after["sampling"]) == (pushed["version"], "Sequential sampling")
    assert run("queue", project, "--clear")["removed"] == {}


def test_a_queue_ends_also_where_the_local_copy_is_lost(label_studio, run, bundle, tmp_path):
    project, _ = with_texts(label_studio)
    version = run("push", bundle.path, project)["version"]
    run("queue", bundle.path, project)
    run("queue", bundle.path, project, "--mirror", tmp_path / "elsewhere")
    run("queue", project, "--clear", "--mirror", tmp_path / "elsewhere")
    after = about(label_studio, project)
    assert (after["model_version"], after["sampling"]) == (version, "Sequential sampling")


def test_what_is_like_no_intent_comes_first_when_asked_so(label_studio, run, bundle):
    project, _ = with_texts(label_studio)
    queued = run("queue", bundle.path, project, "--by", "out-of-scope", "--size", 1, "--dry-run")
    assert queued["tasks"][0]["text"] == "please"
    assert predictions(label_studio, project) == {}


def test_doubtful_labels_stand_in_a_tab_disputed_ones_first(label_studio, run, bundle):
    project, ids = with_texts(label_studio)
    label(label_studio, ids["please"], "delivery")
    label(label_studio, ids["please"], "退款", token=label_studio.second)
    label(label_studio, ids["我要退款"], "delivery")  # wrong
    label(label_studio, ids["我的快递到哪"], "delivery")
    queued = run("queue", bundle.path, project, "--doubtful", 2)
    assert [entry["text"] for entry in queued["doubtful"]] == ["please", "我要退款"]
    assert listed(label_studio, project, "Doubtful labels") == ["please", "我要退款"]
    assert listed(label_studio, project, "Review queue") == [entry["text"] for entry in queued["tasks"]]
    run("queue", bundle.path, project)
    assert "Doubtful labels" not in views(label_studio, project)


def test_a_label_that_is_marked_as_ground_truth_is_not_doubted(label_studio, run, bundle):
    project, ids = with_texts(label_studio)
    number = label(label_studio, ids["我要退款"], "delivery")
    label(label_studio, ids["where is my parcel"], "delivery")
    with label_studio.http() as http:
        http.patch(f"/api/annotations/{number}", json={"ground_truth": True}).raise_for_status()
    queued = run("queue", bundle.path, project, "--doubtful", 5, "--dry-run")
    assert [entry["text"] for entry in queued["doubtful"]] == ["where is my parcel"]


def test_a_queue_of_nothing_is_refused(label_studio, run, bundle):
    project, ids = with_texts(label_studio, ["please"])
    label(label_studio, ids["please"], None)
    assert "labelled or skipped" in run("queue", bundle.path, project, fails=True)
    assert "queue takes MODEL and PROJECT" in run("queue", project, fails=True)
