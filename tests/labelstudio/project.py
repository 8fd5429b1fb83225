"""Projects of a real Label Studio for the tests of what goes back to it, and what annotators do there."""

from __future__ import annotations

import json

import pytest

from tests.label_studio import TOKEN

CONFIG = (
    '<View><Text name="t" value="$text"/><Choices name="intent" toName="t">'
    '<Choice value="delivery"/><Choice value="退款"/></Choices></View>'
)
TEXTS = ["where is my parcel", "give me my money back", "我的快递到哪", "我要退款", "refund parcel", "please"]


@pytest.fixture
def run(label_studio, workbench, monkeypatch, tmp_path):
    """`run(verb, *words)`: the outcome as JSON."""
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def call(verb, *words, fails=False):
        done = workbench("labelstudio", verb, *words, "--json")
        assert (done.exit_code != 0) == fails, done.output
        return done.stderr if fails else json.loads(done.stdout)

    return call


@pytest.fixture
def push(run, bundle):
    """`push(project, *words)`: the outcome as JSON."""

    def call(project, *words, model=bundle.path, fails=False):
        return run("push", model, project, *words, fails=fails)

    return call


def with_texts(server, texts=TEXTS, config=CONFIG) -> tuple[int, dict[str, int]]:
    """A project's id, and the task of each text."""
    project = server.project(config)
    add_texts(server, project, texts)
    return project, {task["data"]["text"]: task["id"] for task in tasks(server, project)}


def add_texts(server, project, texts) -> None:
    with server.http() as http:
        http.post(f"/api/projects/{project}/import", json=[{"data": {"text": text}} for text in texts])


def tasks(server, project) -> list[dict]:
    with server.http() as http:
        return http.get("/api/tasks", params={"project": project, "fields": "all", "page_size": 1000}).json()["tasks"]


def predictions(server, project) -> dict[str, dict[str, tuple]]:
    """Model version -> text -> (labels, score)."""
    found: dict[str, dict[str, tuple]] = {}
    for task in tasks(server, project):
        for one in task["predictions"]:
            of_version = found.setdefault(one["model_version"], {})
            assert task["data"]["text"] not in of_version, "a task has two predictions of a version"
            (value,) = one["result"][0]["value"].values()
            of_version[task["data"]["text"]] = (value, one["score"])
    return found


def predict(server, task, label, version, score=0.5) -> None:
    """A prediction that somebody else makes."""
    result = [{"from_name": "intent", "to_name": "t", "type": "choices", "value": {"choices": [label]}}]
    with server.http() as http:
        body = {"task": task, "result": result, "model_version": version, "score": score}
        http.post("/api/predictions", json=body).raise_for_status()


def remove_predictions(server, project, version, tasks=()) -> None:
    """What somebody deletes in Label Studio: those of these tasks, else all of the version."""
    with server.http() as http:
        for one in http.get("/api/predictions", params={"project": project}).raise_for_status().json():
            if one["model_version"] == version and one["task"] in (tasks or [one["task"]]):
                http.delete(f"/api/predictions/{one['id']}").raise_for_status()


def edit(server, task, text) -> None:
    with server.http() as http:
        http.patch(f"/api/tasks/{task}/", json={"data": {"text": text}}).raise_for_status()


def label(server, task, intent, token=TOKEN, control="intent") -> int:
    """What an annotator submits; None skips."""
    result = [{"from_name": control, "to_name": "t", "type": "choices", "value": {"choices": [intent]}}]
    with server.http(token) as http:
        body = {"result": result if intent else [], "was_cancelled": intent is None}
        return http.post(f"/api/tasks/{task}/annotations/", json=body).raise_for_status().json()["id"]


def about(server, project) -> dict:
    with server.http() as http:
        return http.get(f"/api/projects/{project}").json()
