"""The whole story of a project, told on a real server by the command line: from texts to a model that helps to label.

A project is created, two people label it, skip and disagree; it is pulled, a model is trained, its predictions are
pushed, and the server itself serves next what the model is least certain of. That task is labelled: a webhook tells,
exactly that one is pulled, no row changes its split, and a model is trained anew. At last the bundle is served, becomes
the project's model, answers for a new task, and is replaced by the one that Start Training makes.
"""

from __future__ import annotations

import collections
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.label_studio import TOKEN, LabelStudioServer, free_port
from tests.labelstudio.backend import ENDED, JOB, MOUNTED, until
from tests.labelstudio.habits import OUTCOMES, habit_of
from tests.labelstudio.watching import Watching
from workbench import open_bundle
from workbench.engine.run import Run
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance

PATIENCE = 600
RECIPE = """
seed = 13
[[import]]
reader = "labelstudio"
source = "{title}"
split = {{ train = 0.8, dev = 0.2 }}
policy = "majority"
[train]
use = "probe"
encoder = "{encoder}"
[evaluate]
baselines = []
[[compress]]
use = "onnx"
[[compress]]
use = "int8"
[gate]
min_agreement = 0.5
"""


class Story:
    """A project of the server that begins with `rows`, and a user's command line.

    Args:
        server: a real one.
        folder: for all that the user keeps.
        rows: texts with the intents that people will give them; each text once.
        title: of the project.
        encoder: the name or folder of the one that the recipe trains with.
    """

    def __init__(
        self, server: LabelStudioServer, folder: Path, rows: Sequence[Utterance], title: str, encoder: str
    ) -> None:
        self.server, self.folder, self.rows, self.title = server, folder, rows, title
        self.people = (server.http(), server.http(server.second))
        self.recipe, self.run = folder / "recipe.toml", folder / "runs" / "live"
        self.recipe.write_text(RECIPE.format(title=title, encoder=encoder), encoding="utf-8")
        self.environment = os.environ | {
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
            self.environment.pop(name, None)

    def workbench(self, *words: object) -> Any:
        """What a command that succeeds prints as JSON."""
        command = [sys.executable, "-m", "workbench", *map(str, words), "--json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, f"{words}: {done.stderr[-2000:]}"
        return json.loads(done.stdout)

    def ask(self, path: str, **params: object) -> Any:
        """What the API answers the owner of the project."""
        return self.people[0].get(path, params=params).raise_for_status().json()

    def annotate(self, person: int, task: int, intent: str | None) -> None:
        """Label a task as the first (0) or the second (1) of the people; None skips it."""
        result = [{"from_name": "intent", "to_name": "text", "type": "choices", "value": {"choices": [intent]}}]
        body = {"result": result if intent else [], "was_cancelled": intent is None, "lead_time": 2.0}
        self.people[person].post(f"/api/tasks/{task}/annotations/", json=body).raise_for_status()

    def served_next(self, person: int) -> int:
        """The task that the server gives one of the people."""
        answer = self.people[person].get(f"/api/projects/{self.project}/next")
        return int(answer.raise_for_status().json()["id"])

    def splits(self) -> dict[str, str]:
        """Text -> split of the run's dataset."""
        dataset = Run.load(self.run).dataset()
        assert dataset is not None
        return {row.raw: str(row.split) for row in dataset.utterances}

    # the steps

    def connect_and_create(self) -> None:
        """The project is made of a dataset's texts and intents, and a second time nothing is added."""
        token = self.folder / "token"
        token.touch(0o600)
        token.write_text(TOKEN)
        self.workbench("labelstudio", "connect", self.server.url, "--token-file", token)
        intents = tuple(dict.fromkeys(str(row.intent) for row in self.rows))
        Dataset("intent", intents, tuple(self.rows)).save(self.folder / "texts")
        create = ("labelstudio", "create", self.folder / "texts", "--title", self.title, "--no-labels")
        self.project = self.workbench(*create)["project"]
        self.workbench(*create)
        tasks = self.ask("/api/tasks", project=self.project, fields="task_only", page_size=len(self.rows) + 1)["tasks"]
        self.tasks = {task["data"]["text"]: task["id"] for task in tasks}
        assert len(tasks) == len(self.tasks) == len(self.rows)

    def label(self) -> None:
        """Two people label, skip and disagree."""
        intents = list(dict.fromkeys(row.intent for row in self.rows))
        for number, row in enumerate(self.rows):
            wrong = intents[intents.index(row.intent) - 1]
            answers = {"right": row.intent, "wrong": wrong, "skip": None}
            for person, habit in enumerate(habit_of(number)):
                if habit != "nothing":
                    self.annotate(person, self.tasks[row.text], answers[habit])

    def pull(self) -> None:
        """Everything is brought once, and what is left out is counted by its reason."""
        told = self.workbench("labelstudio", "pull", self.title, "-o", self.folder / "pulled", "--policy", "majority")
        assert (told["added"], told["changed"], told["removed"]) == (len(self.rows), 0, 0)
        dataset = Dataset.load(self.folder / "pulled")
        (counts,) = dataset.counts.values()
        outcomes = collections.Counter(OUTCOMES.get(habit_of(number), "kept") for number in range(len(self.rows)))
        assert counts == {"tasks": len(self.rows), "blank": 0, "empty": 0, **outcomes}
        kept = {row.text: row.intent for n, row in enumerate(self.rows) if habit_of(n) not in OUTCOMES}
        assert {row.raw: row.intent for row in dataset.utterances} == kept
        disputed = [row.text for n, row in enumerate(self.rows) if OUTCOMES.get(habit_of(n)) == "disagreement"]
        (listed,) = (self.folder / "pulled").rglob("disagreements.jsonl")
        lines = listed.read_text(encoding="utf-8").splitlines()
        assert sorted(json.loads(line)["text"] for line in lines) == sorted(disputed)

    def train(self) -> None:
        """The recipe makes a bundle of what was labelled."""
        self.workbench("run", self.recipe, "-o", self.run)
        assert self.workbench("labelstudio", "pull", self.title)["changed"] == 0  # the run brought nothing further

    def push(self) -> None:
        """Every task has one prediction of the bundle, with the score that it gives, also after a second push."""
        for written in (len(self.rows), 0):
            assert self.workbench("labelstudio", "push", self.run, self.title)["written"] == written
        answers = open_bundle(self.run).predict(list(self.tasks))
        tasks = self.ask("/api/tasks", project=self.project, fields="all", page_size=len(self.rows))["tasks"]
        predictions = {task["data"]["text"]: task["predictions"] for task in tasks}
        for text, answer in zip(self.tasks, answers, strict=True):
            (prediction,) = predictions[text]
            assert prediction["result"][0]["value"]["choices"] == list(answer.intents)
            assert prediction["score"] == pytest.approx(answer.score, abs=1e-5)

    def queue(self) -> None:
        """The server itself serves next the task of which the model is least certain."""
        self.workbench("labelstudio", "queue", self.run, self.title, "--size", 1)
        untouched = [row.text for number, row in enumerate(self.rows) if habit_of(number) == ("nothing", "nothing")]
        tops = [answer.top for answer in open_bundle(self.run).predict(untouched)]
        margins = {text: top[0][1] - top[1][1] for text, top in zip(untouched, tops, strict=True)}
        self.least_certain = min(margins, key=margins.__getitem__)
        assert self.served_next(1) == self.tasks[self.least_certain]

    def watch(self) -> None:
        """One more label: a server's webhook tells, exactly that task is brought, no split moves, a model trains."""
        before, bundle = self.splits(), Run.load(self.run).bundle().id
        words = ("labelstudio", "watch", self.title, self.recipe, "-o", self.run, "--debounce", "1", "--poll", "3600")
        command = [sys.executable, "-m", "workbench", *map(str, words), "--json"]
        with self._serving() as server, contextlib.ExitStack() as stack:
            self.workbench("labelstudio", "backend", self.title, server.base_url)
            stack.callback(self.workbench, "labelstudio", "backend", self.title, server.base_url, "--remove")
            watch = Watching(command, self.environment)
            stack.callback(watch.stop)
            watch.wait_for("training", state="succeeded")  # its first run finds all stages up to date
            assert Run.load(self.run).bundle().id == bundle
            self.annotate(
                1,
                self.tasks[self.least_certain],
                next(str(row.intent) for row in self.rows if row.text == self.least_certain),
            )
            pulled = watch.wait_for("pulled", 2, train=True)
            assert (pulled["added"], pulled["changed"], pulled["removed"]) == (0, 1, 0)
            self.slowest_webhook = self._slowest_webhook(until=lambda: watch.seen("training", state="succeeded")[1:])
            assert watch.seen("hint")
            assert watch.stop() == 0
        assert self.ask("/api/webhooks/", project=self.project) == []
        after = self.splits()
        assert after.keys() - before.keys() == {self.least_certain}
        assert after.items() >= before.items()
        assert Run.load(self.run).bundle().id != bundle

    def serve(self) -> None:
        """The bundle becomes the project's model, answers for a new task, and gives way to a better informed one."""
        with self._serving() as http:
            registered = self.workbench("labelstudio", "backend", self.title, http.base_url)
            (entry,) = self.ask("/api/ml", project=self.project)
            assert (registered["state"], entry["state"]) == ("Connected", "CO")
            bundle = Run.load(self.run).bundle().id
            new = self._new_task("where has my parcel got to 我的包裹呢")
            (prediction,) = self.ask(f"/api/tasks/{new}")["predictions"]
            assert prediction["model_version"] == f"live-{bundle}"
            assert prediction["result"][0]["value"]["choices"][0] in {row.intent for row in self.rows}
            before = self.splits()
            self.annotate(0, new, self.rows[0].intent)
            self.people[0].post(f"/api/ml/{entry['id']}/train", json={}).raise_for_status()
            job = until(lambda: (job := http.get("/jobs").json()[JOB])["state"] in ENDED and job, PATIENCE)
            assert job["state"] == "succeeded", job
            assert job["bundle"] == http.get("/health").json()["bundle"] == Run.load(self.run).bundle().id != bundle
            newest = self._new_task("再来一个 one more")
            (prediction,) = self.ask(f"/api/tasks/{newest}")["predictions"]
            assert prediction["model_version"] == f"live-{job['bundle']}"
        assert len(self.splits()) == len(before) + 1
        assert self.splits().items() >= before.items()

    def _slowest_webhook(self, until: Callable[[], object]) -> float:
        """Seconds that the slowest of many events, as the server sends them, waited for its answer meanwhile."""
        (hook,) = self.ask("/api/webhooks/", project=self.project)
        event = {"action": "ANNOTATION_UPDATED", "project": {"id": self.project}}
        slowest, deadline = 0.0, time.monotonic() + PATIENCE
        with httpx.Client(headers=hook["headers"], timeout=60) as http:
            while not until():
                assert time.monotonic() < deadline
                begun = time.monotonic()
                http.post(hook["url"], json=event).raise_for_status()
                slowest = max(slowest, time.monotonic() - begun)
                time.sleep(0.2)
        return slowest

    def _new_task(self, text: str) -> int:
        """The task of a new text, once somebody opened it."""
        body = [{"data": {"text": text}}]
        answer = self.people[0].post(f"/api/projects/{self.project}/import?return_task_ids=true", json=body)
        (task,) = answer.raise_for_status().json()["task_ids"]
        self.ask(f"/api/tasks/{task}")
        return int(task)

    @contextlib.contextmanager
    def _serving(self) -> Iterator[httpx.Client]:
        """A client of `workbench serve` on the run's bundle, which trains by the recipe."""
        settings = {"RECIPE": str(self.recipe), "RUN": str(self.run), "QUIET": "3600"}
        environment = self.environment | {f"WORKBENCH_LABELSTUDIO_{name}": value for name, value in settings.items()}
        port = free_port()
        command = [sys.executable, "-m", "workbench", "serve", str(self.run), "--port", str(port), *MOUNTED]
        with (self.folder / "serve.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, stderr=log, start_new_session=True)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
                until(lambda: answers(http))
                yield http
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def tell(
    server: LabelStudioServer, folder: Path, rows: Sequence[Utterance], title: str, encoder: str = "minilm"
) -> dict[str, float]:
    """The story from its beginning to its end; the seconds of each step."""
    story = Story(server, folder, rows, title, encoder)
    seconds = {}
    for step in (
        story.connect_and_create,
        story.label,
        story.pull,
        story.train,
        story.push,
        story.queue,
        story.watch,
        story.serve,
    ):
        begun = time.monotonic()
        step()
        seconds[step.__name__] = round(time.monotonic() - begun, 1)
    return seconds | {"slowest webhook during a training": round(story.slowest_webhook, 3)}


def answers(http: httpx.Client) -> bool:
    """Whether a server is there."""
    try:
        return http.get("/health").is_success
    except httpx.TransportError:
        return False
