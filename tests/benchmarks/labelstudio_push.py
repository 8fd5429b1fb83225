"""Predictions onto a project of a real Label Studio server: in bulk by `push`, and one by one by the SDK, in one run.

    python -m tests.benchmarks.labelstudio_push [--tasks 10000] [--sample 200]

The project's tasks are short texts and the model is one of words, which takes no time: what is measured is the server.
The first push brings the local copy into step too. About three minutes, of which half removes stale predictions.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from label_studio_sdk import LabelStudio

from tests.benchmarks.records import Records
from tests.bundles import write_bundle
from tests.label_studio import TOKEN, VERSION, LabelStudioServer
from tests.labelstudio.project import CONFIG

WORDS = ("where is my parcel", "give me my money back", "我的快递到哪", "我要退款", "refund parcel please")
IMPORT = 5000  # tasks a request


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=200, help="tasks that get a prediction one by one")
    given = parser.parse_args()
    records = Records("labelstudio_push")
    records.measure(f"{given.tasks:,} tasks", functools.partial(compare, given.tasks, given.sample))


def compare(tasks: int, sample: int) -> dict[str, Any]:
    """Predictions a second, and how many times as fast `push` is, with the pull and the start of the program."""
    with tempfile.TemporaryDirectory() as place:
        server = LabelStudioServer(Path(place) / "server").start()
        try:
            project, ids = fill(server, tasks)
            bundle = write_bundle(Path(place) / "words").path
            one_by_one = sample / create_each(server, ids[:sample])
            push = functools.partial(run_push, server, Path(place) / "data", bundle, project)
            first, seconds = push("--version", "words-000000000001")
            assert first["written"] == tasks
            again, nothing = push("--version", "words-000000000001")
            assert (again["written"], again["standing"]) == (0, tasks)
            added, bulk = push("--version", "words-000000000002", "--keep-stale")
            assert added["written"] == tasks
            removing, removed = push("--version", "words-000000000002")
            assert removing["removed"] == {"words-000000000001": tasks}
            assert counts(server, project) == {"one-by-one": sample, "words-000000000002": tasks}
        finally:
            server.stop(signal.SIGKILL)
    return {
        "label-studio": VERSION,
        "one by one, a second": round(one_by_one, 1),
        "push, a second": round(tasks / seconds, 1),
        "push, times as fast": round(tasks / seconds / one_by_one, 1),
        "push, seconds": round(seconds, 2),
        "push of another version, seconds": round(bulk, 2),
        "push of what stands already, seconds": round(nothing, 2),
        "removal of what is stale, seconds": round(removed, 2),
    }


def fill(server: LabelStudioServer, count: int) -> tuple[int, list[int]]:
    """A new project with so many tasks, and their ids."""
    project, ids = server.project(CONFIG), []
    with server.http() as http:
        for start in range(0, count, IMPORT):
            rows = range(start, min(start + IMPORT, count))
            body = [{"data": {"text": f"{WORDS[row % len(WORDS)]} {row}"}} for row in rows]
            answer = http.post(f"/api/projects/{project}/import?return_task_ids=true", json=body)
            ids += answer.raise_for_status().json()["task_ids"]
    return project, ids


def create_each(server: LabelStudioServer, ids: list[int]) -> float:
    """Seconds that the SDK takes for a prediction a task."""
    client = LabelStudio(base_url=server.url, api_key=TOKEN)
    result = [{"from_name": "intent", "to_name": "t", "type": "choices", "value": {"choices": ["delivery"]}}]
    begun = time.monotonic()
    for number in ids:
        client.predictions.create(task=number, result=result, score=0.5, model_version="one-by-one")
    return time.monotonic() - begun


def run_push(server: LabelStudioServer, data: Path, bundle: Path, project: int, *words: str) -> tuple[dict, float]:
    """What `workbench labelstudio push` says, and its seconds."""
    environment = os.environ | {"LABEL_STUDIO_API_KEY": TOKEN, "XDG_DATA_HOME": str(data)}
    command = [sys.executable, "-m", "workbench", "labelstudio", "push", str(bundle), str(project), "--json"]
    begun = time.monotonic()
    done = subprocess.run([*command, "--url", server.url, *words], env=environment, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout), time.monotonic() - begun


def counts(server: LabelStudioServer, project: int) -> dict[str, int]:
    """Model version -> predictions, by the server's count."""
    with server.http() as http:
        return http.get(f"/api/projects/{project}/model-versions").raise_for_status().json()


if __name__ == "__main__":
    main()
