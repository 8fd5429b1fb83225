"""A real server, people who work on its projects, the command line in processes of its own, and what must hold."""

from __future__ import annotations

import collections
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.bundles import write_bundle
from tests.label_studio import LabelStudioServer
from tests.labelstudio.rig import CONFIG, annotate, exported, mirrored, result, snapshots
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance

ROOT = Path(__file__).resolve().parents[2]
INTENTS = ("delivery", "退款")
TEXTS = ("where is my parcel {}", "退款 {} 到哪", "my money back {}", "nothing of the kind {}")
PATIENCE = 300  # seconds for a verb


@dataclass(frozen=True)
class Stage:
    """What all of it works with."""

    server: LabelStudioServer
    token: str
    bundle: Path
    dataset: Path
    tasks: int
    place: Path

    def text(self, number: int) -> str:
        return TEXTS[number % len(TEXTS)].format(number)

    def filled(self, title: str) -> int:
        """A project with all texts, every third one labelled or skipped."""
        project = self.server.project(CONFIG, title)
        body = [{"data": {"text": self.text(number)}} for number in range(self.tasks)]
        for number, task in enumerate(body[::3]):
            made = {"result": result(INTENTS[number % 2]), "was_cancelled": number % 7 == 0, "ground_truth": False}
            task["annotations"] = [made]
        with self.server.http() as http:
            http.post(f"/api/projects/{project}/import", json=body).raise_for_status()
        return project


@dataclass(frozen=True)
class Client:
    """The command line, in processes of its own."""

    stage: Stage
    url: str
    home: Path

    def start(self, *words: object) -> subprocess.Popen:
        more = {"LABEL_STUDIO_API_KEY": self.stage.token, "LABEL_STUDIO_URL": self.url, "XDG_DATA_HOME": str(self.home)}
        command = [sys.executable, "-m", "tests.labelstudio.small", "labelstudio", *map(str, words)]
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **more}, **pipes)

    def until_done(self, *words: object, at_most: int = 8) -> int:
        """Run a verb until it succeeds, and give how often it was run; each failure is one line."""
        for runs in range(1, at_most + 1):
            process = self.start(*words)
            _, said = process.communicate(timeout=PATIENCE)
            if process.returncode == 0:
                return runs
            assert process.returncode == 1, said
            assert sum(line.startswith("Error:") for line in said.splitlines()) == 1, said
            assert "bug in the workbench" not in said, said
            print(f"  {words[0]}: {said.splitlines()[-1]}", flush=True)
        raise AssertionError(f"{words} failed {at_most} times: {said}")

    def mirror(self) -> Path:
        return next(self.home.glob("intent-workbench/labelstudio/*/*/tasks.sqlite3")).parent


def set_up(place: Path, tasks: int) -> Stage:
    server = LabelStudioServer(place / "server").start()
    stage = Stage(server, server.personal_token(), place / "words", place / "dataset", tasks, place)
    write_bundle(stage.bundle)
    texts = [stage.text(number) for number in range(tasks)]
    rows = [Utterance(str(number), text, text, (INTENTS[number % 2],)) for number, text in enumerate(texts)]
    Dataset("intent", INTENTS, tuple(rows)).save(stage.dataset)
    return stage


def work(http: httpx.Client, project: int, draw: random.Random) -> None:
    """What people do between two commands: label, skip, change, add and delete."""
    tasks = sorted(exported(http, project))
    for task in draw.sample(tasks, 12):
        annotate(http, task, draw.choice((*INTENTS, None)))
    relabel(http, project, draw)
    for task in draw.sample(tasks, 3):
        http.delete(f"/api/tasks/{task}").raise_for_status()
    more = [{"text": f"where is it {draw.random()}"} for _ in range(3)]
    http.post(f"/api/projects/{project}/import", json=more).raise_for_status()


def relabel(http: httpx.Client, project: int, draw: random.Random) -> None:
    """Change annotations, which no count shows."""
    made = [one for task in exported(http, project).values() for one in task["annotations"]]
    for one in draw.sample(made, 3):
        http.patch(f"/api/annotations/{one}/", json={"result": result("退款")}).raise_for_status()


def check_created(stage: Stage, title: str) -> int:
    """One project, each text once with its label; its id."""
    with stage.server.http() as http:
        found = http.get("/api/projects", params={"page_size": 1000}).json()["results"]
        (project,) = (one["id"] for one in found if one["title"] == title)
        tasks = exported(http, project).values()
        texts = collections.Counter(task["data"]["text"] for task in tasks)
        assert texts == {stage.text(number): 1 for number in range(stage.tasks)}
        assert {len(task["annotations"]) for task in tasks} == {1}
        return int(project)


def check_mirror(http: httpx.Client, project: int, folder: Path) -> None:
    """The mirror is the server's own export, and no snapshot is left."""
    assert mirrored(folder) == exported(http, project)
    assert snapshots(http, project) == []


def check_predictions(http: httpx.Client, project: int, version: str) -> None:
    """Every task has one prediction of the version, none two of any, and what is stale is gone."""
    found = http.get("/api/predictions", params={"project": project}).json()
    pairs = collections.Counter((one["task"], one["model_version"]) for one in found)
    assert set(pairs.values()) == {1}
    assert {task for task, of in pairs if of == version} == set(exported(http, project))
    assert {of for _, of in pairs if of.startswith("words-")} == {version}
