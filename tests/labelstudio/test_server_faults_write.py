"""Uploading texts and pushing predictions while requests fail: run again, everything stands there exactly once."""

from __future__ import annotations

import collections

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.harm import cases, late, late_until_asked_again, lost
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.rig import CONFIG, add_tasks, exported, snapshots
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance
from workbench_labelstudio.http import connection
from workbench_labelstudio.http import write_outcome as looking
from workbench_labelstudio.push import upload

CREATE = {
    "projects": ("GET", r"/api/projects/?$"),
    "project": ("POST", r"/api/projects/?$"),
    "import": ("POST", r"/projects/\d+/import$"),
    "listing": ("GET", "/api/tasks"),
}
PUSH = {
    "project": ("GET", r"/api/projects/\d+/?$"),
    "versions": ("GET", "/model-versions"),
    "predictions": ("GET", "/api/predictions"),
    "import": ("POST", "/import/predictions"),
    "remove": ("DELETE", "/model-versions"),
    "show": ("PATCH", r"/api/projects/\d+/?$"),
}
named = pytest.mark.parametrize


@pytest.fixture
def proxy(label_studio):
    with Proxy(label_studio.url) as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def _hasty(monkeypatch, tmp_path):
    monkeypatch.setattr(connection, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(looking, "LOOKS", (0.0, 0.2, 1.5))
    monkeypatch.setattr(upload, "CHUNK_TASKS", 4)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def dataset(tmp_path):
    rows = [Utterance(str(n), f"text {n}", f"text {n}", (("delivery", "退款")[n % 2],)) for n in range(10)]
    Dataset("intent", ("delivery", "退款"), tuple(rows)).save(tmp_path / "dataset")
    return tmp_path / "dataset"


@pytest.fixture
def again(workbench, proxy):
    """Run a verb until it succeeds; how often it was run. What it says when it does not is one line."""

    def run(*words, at_most=2):
        for runs in range(1, at_most + 1):
            done = workbench("labelstudio", *words, "--url", proxy.url)
            if done.exit_code == 0:
                return runs
            assert isinstance(done.exception, SystemExit), done.exception
            assert sum(line.startswith("Error:") for line in done.stderr.splitlines()) == 1, done.stderr
        pytest.fail(f"not even after {at_most} runs: {done.stderr}")

    return run


def parcels(server):
    """A project of ten texts."""
    project = server.project(CONFIG)
    with server.http() as http:
        add_tasks(http, project, [f"where is my parcel {number}" for number in range(10)])
    return project


@named(("kind", "fault"), cases(CREATE))
def test_a_text_is_uploaded_once_whatever_request_fails(label_studio, proxy, again, dataset, kind, fault):
    title = f"{kind} {fault.__name__}"
    if kind == "listing":  # which is asked for where there is something to compare with
        proxy.harm(lost, *CREATE["import"], skip=1)
    rule = proxy.harm(fault, *CREATE[kind], skip=kind == "import")
    again("create", dataset, "--title", title)
    assert rule.times == 0
    assert_uploaded(label_studio, title, 10)


def test_an_import_that_the_server_does_after_the_proxy_gave_up_is_seen(label_studio, proxy, again, dataset):
    """As with nginx in front, which answers 504 while the server is still at it."""
    proxy.harm(fault := late(1.0), *CREATE["import"])
    again("create", dataset, "--title", "late")
    assert proxy.said(fault) == [201]
    assert_uploaded(label_studio, "late", 10)


def test_a_project_that_the_server_makes_after_the_proxy_gave_up_is_the_one_that_is_filled(
    label_studio, proxy, again, dataset
):
    proxy.harm(fault := late(1.0), *CREATE["project"])
    again("create", dataset, "--title", "made late", at_most=1)
    assert proxy.said(fault) == [201]
    assert_uploaded(label_studio, "made late", 10)


def test_two_projects_that_the_server_made_of_one_are_named_before_a_text_is_uploaded(
    label_studio, proxy, workbench, dataset
):
    first, second = late_until_asked_again()
    proxy.harm(first, *CREATE["project"])
    proxy.harm(second, *CREATE["project"])
    done = [workbench("labelstudio", "create", dataset, "--title", "made twice", "--url", proxy.url) for _ in "12"]
    assert proxy.said(first) == proxy.said(second) == [201]
    assert proxy.seen("POST", "/import") == 0
    with label_studio.http() as http:
        found = http.get("/api/projects", params={"page_size": 1000}).json()["results"]
        ids = sorted(one["id"] for one in found if one["title"] == "made twice")
    for one in done:
        assert one.exit_code == 2
        assert f"2 projects are called 'made twice': {ids[0]}, {ids[1]}. Name one" in one.stderr


@named(("kind", "fault"), cases(PUSH))
def test_a_task_has_one_prediction_of_a_version_whatever_request_fails(
    label_studio, proxy, again, bundle, monkeypatch, kind, fault
):
    monkeypatch.setattr("workbench_labelstudio.push.prediction_store.CHUNK", 4)
    project = parcels(label_studio)
    again("push", bundle.path, project, "--version", "words-000000000001")
    rule = proxy.harm(fault, *PUSH[kind], skip=kind == "import")
    again("push", bundle.path, project, "--version", "words-000000000002")
    assert rule.times == 0
    assert_predicted(label_studio, project, {"words-000000000002": 10})


def test_predictions_that_the_server_takes_after_the_proxy_gave_up_do_not_stand_twice(
    label_studio, proxy, again, bundle
):
    project = parcels(label_studio)
    proxy.harm(fault := late(0.5), *PUSH["import"])
    again("push", bundle.path, project, "--version", "words-000000000001", at_most=1)
    assert proxy.said(fault) == [201]
    assert proxy.seen("POST", "/import/predictions") == 1
    assert_predicted(label_studio, project, {"words-000000000001": 10})


def test_predictions_that_the_server_takes_when_they_were_sent_again_do_not_stand_twice(
    label_studio, proxy, again, bundle
):
    project = parcels(label_studio)
    first, second = late_until_asked_again()
    proxy.harm(first, *PUSH["import"])
    proxy.harm(second, *PUSH["import"])
    again("push", bundle.path, project, "--version", "words-000000000001", at_most=1)
    assert proxy.said(first) == proxy.said(second) == [201]
    assert_predicted(label_studio, project, {"words-000000000001": 10})


def assert_uploaded(server, title, count):
    """There is one project of the title, and it has each text once, with its label."""
    with server.http() as http:
        found = http.get("/api/projects", params={"page_size": 1000}).json()["results"]
        project = [one["id"] for one in found if one["title"] == title]
        assert len(project) == 1
        tasks = exported(http, project[0])
        texts = collections.Counter(task["data"]["text"] for task in tasks.values())
        assert texts == {f"text {number}": 1 for number in range(count)}
        for task in tasks.values():
            labels = [one["result"][0]["value"]["choices"] for one in task["annotations"].values()]
            assert labels == [[("delivery", "退款")[int(task["data"]["text"][5:]) % 2]]]


def assert_predicted(server, project, wanted):
    """Each version has so many predictions, no task two of one, and the newest is shown."""
    with server.http() as http:
        found = http.get("/api/predictions", params={"project": project}).json()
        assert collections.Counter(one["model_version"] for one in found) == wanted
        assert len({(one["task"], one["model_version"]) for one in found}) == len(found)
        assert http.get(f"/api/projects/{project}").json()["model_version"] == max(wanted)
        assert snapshots(http, project) == []
