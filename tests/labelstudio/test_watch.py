"""`workbench labelstudio watch`, on a real server with a real recipe: every label leads to a run, and nothing else."""

from __future__ import annotations

import signal
import time

import httpx
import pytest

from tests.labelstudio.watching import Watched
from workbench_labelstudio.live.events import SECRET
from workbench_labelstudio.live.hooks import WATCH

QUICK = ("--debounce", "1", "--poll", "3600")
QUIET = 2.5  # seconds after which a hint would have been looked into


@pytest.fixture
def watched(label_studio, tmp_path):
    return Watched(label_studio, tmp_path)


@pytest.fixture(scope="module")
def shared(label_studio, tmp_path_factory):
    return Watched(label_studio, tmp_path_factory.mktemp("watch"), unlabelled=40)


@pytest.fixture(scope="module")
def followed(shared):
    """A watch that no poll helps: what it finds it was told of."""
    with shared.watching(*QUICK) as watch:
        watch.wait_for("training", state="succeeded")
        looked(watch)
        yield watch


@pytest.fixture
def post(shared, followed):
    """Post to the receiver as the server does, with its webhook's headers unless others are given."""
    (hook,) = shared.hooks()
    with httpx.Client(timeout=10) as http:
        yield lambda body, headers=None: http.post(hook["url"], json=body, headers=headers or hook["headers"])


def looked(watch, hints=None):
    """Wait until it has looked after its last training, after so many hints; its status."""

    def has_looked():
        status = watch.status()
        trained = status["training"]["since"] if status["training"]["state"] != "idle" else ""
        idle = status["training"]["state"] not in ("waiting", "running")
        return idle and status["last_pull"] and status["last_pull"]["at"] > trained and status["hints"] >= (hints or 0)

    watch.wait_until(has_looked, "look")
    return watch.status()


def test_a_label_becomes_exactly_one_run_through_the_webhook(shared, followed):
    hints, runs, before = followed.status()["hints"], len(followed.seen("training")), shared.rows()
    text = shared.label()
    followed.wait_for("training", runs + 1)
    assert shared.rows() - before == {text}
    assert looked(followed)["hints"] > hints
    assert len(followed.seen("training")) == runs + 1
    assert [hook["send_payload"] for hook in shared.hooks()] == [False]


def test_a_burst_of_labels_becomes_one_run(shared, followed):
    runs, before = len(followed.seen("training")), shared.rows()
    texts = {shared.label() for _ in range(20)}
    followed.wait_for("training", runs + 1)
    looked(followed)
    assert shared.rows() - before == texts
    assert len(followed.seen("training")) == runs + 1


def test_requests_that_bring_nothing_new_cost_a_look_and_no_run(shared, followed, post):
    runs, status = len(followed.seen("training")), looked(followed)
    bodies = [{"action": "ANNOTATION_CREATED"}] * 3 + [  # late, and twice
        {"action": "ANNOTATION_CREATED", "project": {"id": shared.project}, "task": {"id": 1}, "annotation": {"id": 1}},
        {"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 10**12}]},  # never was
    ]
    assert {post(body).json()["noted"] for body in bodies} == {True}
    time.sleep(QUIET)
    after = looked(followed, status["hints"] + len(bodies))
    assert after["last_pull"]["at"] > status["last_pull"]["at"]
    assert after["last_pull"]["requests"] <= 5
    assert len(followed.seen("training")) == runs


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"action": "ANNOTATION_CREATED", "project": {"id": 10**6}}, 200),
        ({"action": "LABEL_LINK_CREATED"}, 200),
        ({}, 200),
        ([], 200),
        ("x" * 2_000_000, 413),
    ],
)
def test_requests_that_are_not_meant_are_answered_and_dropped(followed, post, body, code):
    hints = followed.status()["hints"]
    assert post(body).status_code == code
    assert followed.status()["hints"] == hints


@pytest.mark.parametrize("secret", ["", "guess", "密".encode(), b"\xff\xfe"])
def test_a_wrong_secret_is_refused_and_nothing_happens(followed, post, secret):
    hints = followed.status()["hints"]
    assert post({"action": "ANNOTATION_CREATED"}, {SECRET: secret, WATCH: "x"}).status_code == 401
    assert followed.status()["hints"] == hints


def test_what_is_no_json_is_refused(shared, followed):
    (hook,) = shared.hooks()
    for kind, code in (("application/json", 422), ("text/plain", 415)):
        headers = hook["headers"] | {"content-type": kind}
        assert httpx.post(hook["url"], content=b"\xff{", headers=headers).status_code == code


def test_the_status_is_for_this_machine_or_with_the_secret(shared, followed):
    (hook,) = shared.hooks()
    passed_on = {"x-forwarded-for": "127.0.0.1"}  # a proxy lets others in; what it says of them may be their own word
    assert httpx.get(f"{followed.url}/status", headers=passed_on).status_code == 401
    assert httpx.get(f"{followed.url}/status", headers=passed_on | hook["headers"]).status_code == 200


def test_an_unlabelled_task_and_a_repeated_save_train_nothing(shared, followed):
    runs, hints = len(followed.seen("training")), looked(followed)["hints"]
    shared.http.post(f"/api/projects/{shared.project}/import", json=[{"text": "who are you"}]).raise_for_status()
    annotation = shared.http.get(f"/api/tasks/{shared.tasks[0]}").json()["annotations"][0]
    shared.http.patch(f"/api/annotations/{annotation['id']}/", json={"result": annotation["result"]}).raise_for_status()
    time.sleep(QUIET)
    status = looked(followed, hints + 2)
    assert status["last_pull"]["tasks"] == status["last_pull"]["labelled"] + len(shared.open) + 1
    assert len(followed.seen("training")) == runs


def test_answers_come_at_once_while_a_run_is_made(shared, followed, post, record_property):
    runs, seconds = len(followed.seen("training")), []
    shared.label()
    followed.wait_until(lambda: followed.status()["training"]["state"] == "running")

    def ended():
        begun = time.perf_counter()
        assert post({"action": "ANNOTATION_CREATED"}).status_code == 200
        seconds.append(time.perf_counter() - begun)
        return followed.status()["training"]["state"] != "running"

    followed.wait_until(ended)
    record_property("slowest_webhook_ms", round(1000 * max(seconds), 1))
    assert len(seconds) > 3
    assert max(seconds) < 1, "Label Studio would have hung up"
    followed.wait_for("training", runs + 1)
    looked(followed)
    assert len(followed.seen("training")) == runs + 1


def test_a_label_during_a_run_leads_to_one_more(shared, followed):
    runs = len(followed.seen("training"))
    shared.label()
    followed.wait_until(lambda: followed.status()["training"]["state"] == "running")
    text = shared.label()
    followed.wait_for("training", runs + 2)
    looked(followed)
    assert text in shared.rows()
    assert len(followed.seen("training")) == runs + 2


def test_what_no_webhook_tells_is_found_by_the_poll(watched):
    with watched.watching("--debounce", "0.5", "--poll", "2") as watch:
        watch.wait_for("training", state="succeeded")
        (hook,) = watched.hooks()
        watched.http.delete(f"/api/webhooks/{hook['id']}/").raise_for_status()
        looked(watch)
        hints, text = watch.status()["hints"], watched.label()
        watch.wait_for("training", 2, state="succeeded")
        assert watch.status()["hints"] == hints
        assert text in watched.rows()
    assert watch.process.returncode == 0  # the webhook that is gone already is no trouble


def test_a_killed_watch_leaves_one_webhook_to_the_next_and_no_label_is_forgotten(watched):
    others = {"url": "http://127.0.0.1:9/other", "project": watched.project, "actions": ["TASKS_CREATED"]}
    watched.http.post("/api/webhooks/", json=others | {"send_for_all_actions": False}).raise_for_status()
    with watched.watching(*QUICK) as watch:
        watch.wait_for("training", state="succeeded")
        looked(watch)
        first = watch.wait_for("watching")["webhook"]
        text = watched.label()
        watch.wait_for("pulled", train=True, labelled=25)  # in the mirror, and no run yet
        watch.stop(signal.SIGKILL)
    assert text not in watched.rows()
    assert len(watched.hooks()) == 2
    with watched.watching(*QUICK) as watch:
        assert watch.wait_for("watching")["webhook"] == first
        assert len(watched.hooks()) == 2
        watch.wait_for("training", state="succeeded")
        assert text in watched.rows()
    assert [hook["url"] for hook in watched.hooks()] == ["http://127.0.0.1:9/other"]


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
