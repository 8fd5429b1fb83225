"""`workbench labelstudio watch`, on a real server with a real recipe: every label leads to a run, and nothing else."""

from __future__ import annotations

import signal
import time

import httpx
import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.backend import MOUNTED
from tests.labelstudio.watching import Watched

QUICK = ("--debounce", "1", "--poll", "3600")
QUIET = 3.5  # seconds after which a hint would have led to a pull


@pytest.fixture
def watched(label_studio, tmp_path):
    return Watched(label_studio, tmp_path)


@pytest.fixture(scope="module")
def shared(label_studio, tmp_path_factory):
    return Watched(label_studio, tmp_path_factory.mktemp("watch"), unlabelled=40)


@pytest.fixture(scope="module")
def hook(shared, serving, workbench, bundle):
    """The webhook at a bundle's server that runs beside the watch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(shared.folder / "data"))
        patch.setenv("LABEL_STUDIO_URL", shared.server.url)
        patch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
        with serving(bundle.path, *MOUNTED) as server:
            done = workbench("labelstudio", "backend", shared.project, server.client.base_url)
            assert done.exit_code == 0, done.output
            (hook,) = shared.hooks()
            yield hook


@pytest.fixture(scope="module")
def followed(shared, hook):
    """A watch that no poll helps: what it finds it was told of."""
    with shared.watching(*QUICK) as watch:
        watch.wait_for("training", state="succeeded")
        watch.settle()
        yield watch


@pytest.fixture
def post(hook):
    """Post to the server as Label Studio does, with the webhook's headers."""
    with httpx.Client(timeout=10) as http:
        yield lambda body: http.post(hook["url"], json=body, headers=hook["headers"])


def test_a_label_becomes_exactly_one_run_through_the_webhook(shared, followed):
    hints, runs, before = len(followed.seen("hint")), len(followed.seen("training")), shared.rows()
    text = shared.label()
    followed.wait_for("training", runs + 1)
    assert shared.rows() - before == {text}
    followed.settle()
    assert len(followed.seen("hint")) > hints
    assert len(followed.seen("training")) == runs + 1


def test_a_burst_of_labels_becomes_one_run(shared, followed):
    runs, before = len(followed.seen("training")), shared.rows()
    texts = {shared.label() for _ in range(20)}
    followed.wait_for("training", runs + 1)
    followed.settle()
    assert shared.rows() - before == texts
    assert len(followed.seen("training")) == runs + 1


def test_requests_that_bring_nothing_new_cost_a_pull_and_no_run(shared, followed, post):
    runs, pulls = len(followed.seen("training")), len(followed.seen("pulled"))
    bodies = [{"action": "ANNOTATION_CREATED"}] * 3 + [  # late, and twice
        {"action": "ANNOTATION_CREATED", "project": {"id": shared.project}, "task": {"id": 1}, "annotation": {"id": 1}},
        {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 10**12}]},  # never was
    ]
    assert {post(body).json()["status"] for body in bodies} == {"heard"}
    followed.wait_for("pulled", pulls + 1)
    time.sleep(QUIET)
    assert followed.settle()["requests"] <= 5
    assert len(followed.seen("pulled")) <= pulls + 2  # and not one for each of them
    assert len(followed.seen("training")) == runs


def test_requests_that_are_not_meant_are_answered_and_dropped(followed, post):
    hints = len(followed.seen("hint"))
    other = {"action": "ANNOTATION_CREATED", "project": {"id": 10**6}}
    for body in (other, {"action": "LABEL_LINK_CREATED"}, {}, [], "x" * 2_000_000):
        assert post(body).status_code == 200
    time.sleep(QUIET)
    assert len(followed.seen("hint")) == hints


def test_an_unlabelled_task_and_a_repeated_save_train_nothing(shared, followed):
    runs, tasks = len(followed.seen("training")), followed.settle()["tasks"]
    annotation = shared.http.get(f"/api/tasks/{shared.tasks[0]}").json()["annotations"][0]
    shared.http.patch(f"/api/annotations/{annotation['id']}/", json={"result": annotation["result"]}).raise_for_status()
    shared.http.post(f"/api/projects/{shared.project}/import", json=[{"text": "who are you"}]).raise_for_status()
    pulled = followed.wait_for("pulled", tasks=tasks + 1)
    assert pulled["tasks"] == pulled["labelled"] + len(shared.open) + 1
    time.sleep(QUIET)
    assert len(followed.seen("training")) == runs


def test_webhooks_are_answered_at_once_while_a_run_is_made(shared, followed, post, record_property):
    runs, seconds = len(followed.seen("training")), []
    shared.label()
    followed.wait_until(followed.running)

    def ended():
        begun = time.perf_counter()
        assert post({"action": "ANNOTATION_CREATED"}).status_code == 200
        seconds.append(time.perf_counter() - begun)
        return not followed.running()

    followed.wait_until(ended)
    record_property("slowest_webhook_ms", round(1000 * max(seconds), 1))
    assert len(seconds) > 3
    assert max(seconds) < 1, "Label Studio would have hung up"
    followed.wait_for("training", runs + 1)
    followed.settle()
    assert len(followed.seen("training")) == runs + 1


def test_a_label_during_a_run_leads_to_one_more(shared, followed):
    runs = len(followed.seen("training"))
    shared.label()
    followed.wait_until(followed.running)
    text = shared.label()
    followed.wait_for("training", runs + 2)
    followed.settle()
    assert text in shared.rows()
    assert len(followed.seen("training")) == runs + 2


def test_what_no_webhook_tells_is_found_by_the_poll(watched):
    with watched.watching("--debounce", "0.5", "--poll", "2") as watch:
        watch.wait_for("training", state="succeeded")
        assert len(watched.hints()) == 1
        text = watched.label()
        watch.wait_for("training", 2, state="succeeded")
        assert (text in watched.rows(), watched.hooks(), watch.seen("hint")) == (True, [], [])
    assert watch.process.returncode == 0


def test_after_a_kill_no_label_is_forgotten_and_nothing_is_left_behind(watched):
    with watched.watching("--debounce", "3", "--poll", "1") as watch:
        watch.wait_for("training", state="succeeded")
        watch.settle()
        text = watched.label()
        watch.wait_for("pulled", train=True, labelled=25)  # in the mirror, and no run yet
        watch.stop(signal.SIGKILL)
    assert text not in watched.rows()
    with watched.watching(*QUICK) as watch:
        watch.wait_for("training", state="succeeded")
        assert text in watched.rows()
    assert len(watched.hints()) == 1


def test_once_trains_for_what_is_new_and_only_then(watched):
    def trained(done):
        assert done.returncode == 0, done.stderr
        return '"event": "training"' in done.stdout

    assert trained(watched.once())
    assert not trained(watched.once())
    text = watched.label()
    assert trained(watched.once())
    assert text in watched.rows()
    assert watched.hooks() == []
