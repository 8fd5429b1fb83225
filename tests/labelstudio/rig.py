"""What tests of a real Label Studio server do to its projects, and how what was pulled is compared with them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx

from tests.label_studio import PASSWORD, LabelStudioServer
from workbench_labelstudio.pull.mirror import Mirror

CONFIG = """<View><Text name="t" value="$text"/><Choices name="intent" toName="t">
<Choice value="delivery"/><Choice value="退款"/></Choices></View>"""
OF_A_TASK = ("id", "data", "meta", "created_at", "updated_at")  # that nothing but people's work changes
OF_AN_ANNOTATION = (
    "id",
    "completed_by",
    "result",
    "was_cancelled",
    "ground_truth",
    "created_at",
    "updated_at",
    "lead_time",
)


def sign_up(server: LabelStudioServer, name: str) -> str:
    """The legacy token of a new user."""
    with httpx.Client(base_url=server.url, follow_redirects=True, timeout=60) as browser:
        browser.get("/user/signup/")
        form = {"email": f"{name}@example.com", "password": PASSWORD, "allow_newsletters": "false"}
        browser.post("/user/signup/", data=form | {"csrfmiddlewaretoken": browser.cookies["csrftoken"]})
        return str(browser.get("/api/current-user/token").raise_for_status().json()["token"])


def add_tasks(http: httpx.Client, project: int, texts: Iterable[str]) -> list[int]:
    """Import texts; the ids of their tasks."""
    body = [{"text": text} for text in texts]
    answer = http.post(f"/api/projects/{project}/import", params={"return_task_ids": "true"}, json=body)
    return list(answer.raise_for_status().json()["task_ids"])


def result(intent: str) -> list[dict[str, Any]]:
    """An annotation's result."""
    return [{"from_name": "intent", "to_name": "t", "type": "choices", "value": {"choices": [intent]}}]


def annotate(http: httpx.Client, task: int, intent: str | None) -> int:
    """Label a task, or skip it (None); the annotation's id."""
    body = {"result": result(intent) if intent else [], "was_cancelled": intent is None, "lead_time": 1.5}
    answer = http.post(f"/api/tasks/{task}/annotations/", json=body)
    return int(answer.raise_for_status().json()["id"])


def exported(http: httpx.Client, project: int) -> dict[int, dict[str, Any]]:
    """The server's own export of all tasks, by id, normalised."""
    params = {"exportType": "JSON", "download_all_tasks": "true"}
    answer = http.get(f"/api/projects/{project}/export", params=params).raise_for_status()
    return normalized(answer.json() if answer.content else [])


def mirrored(folder: Path) -> dict[int, dict[str, Any]]:
    """The tasks of a mirror, by id, normalised as an export is."""
    mirror = Mirror(folder)
    try:
        return normalized(list(mirror.tasks()))
    finally:
        mirror.close()


def normalized(tasks: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """By id, each task once: what people said, and when."""
    found = {task["id"]: {key: task[key] for key in OF_A_TASK} for task in tasks}
    assert len(found) == len(tasks), "a task stands twice"
    for task in tasks:
        made = {one["id"]: {key: one[key] for key in OF_AN_ANNOTATION} for one in task["annotations"]}
        assert len(made) == len(task["annotations"]), f"an annotation of task {task['id']} stands twice"
        found[task["id"]]["annotations"] = made
    return found


def snapshots(http: httpx.Client, project: int) -> list[int]:
    """The ids of the snapshots that lie on the server."""
    return [one["id"] for one in http.get(f"/api/projects/{project}/exports/").raise_for_status().json()]
