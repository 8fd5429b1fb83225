"""A large project for a real Label Studio server: an export of another one, imported in parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

PART = 2000  # tasks an import
OF_A_TASK = ("data", "meta", "annotations")
OF_AN_ANNOTATION = ("result", "completed_by", "was_cancelled", "ground_truth", "lead_time")


def import_all(http: httpx.Client, project: int, tasks: Sequence[dict[str, Any]]) -> None:
    """Import tasks, their annotations too. The server may answer 500 though it did it: its count says whether."""
    for start in range(0, len(tasks), PART):
        part = [
            {key: task[key] for key in OF_A_TASK}
            | {"annotations": [{key: one[key] for key in OF_AN_ANNOTATION} for one in task["annotations"]]}
            for task in tasks[start : start + PART]
        ]
        answer = http.post(f"/api/projects/{project}/import", json=part, timeout=600)
        counted = http.get(f"/api/projects/{project}").raise_for_status().json()["task_number"]
        assert counted == start + len(part), answer.text
