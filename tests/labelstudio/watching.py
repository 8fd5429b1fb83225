"""A running `workbench labelstudio watch` for the tests, with a recipe of naive Bayes that takes a second."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.label_studio import TOKEN, LabelStudioServer
from tests.labelstudio.rig import CONFIG, annotate, result
from workbench.engine.run import Run

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 90
RECIPE = """
seed = 5
[[import]]
reader = "{reader}"
source = "{source}"
split = {{ train = 0.6, dev = 0.2, test = 0.2 }}
[train]
use = "bayes"
[evaluate]
baselines = []
[[compress]]
use = "bayes-onnx"
"""


def text_of(number: int) -> str:
    """What task `number` of a project says."""
    return f"where is parcel {number}" if number % 2 else f"退 款 order {number}"


def intent_of(number: int) -> str:
    """What it is about."""
    return "delivery" if number % 2 else "退款"


class Watched:
    """A project of the server with labelled tasks, and a place to watch it from.

    Args:
        server: a real one.
        folder: for recipe, run and mirror.
        labelled: how many tasks have a label.
        unlabelled: how many have none.
    """

    def __init__(self, server: LabelStudioServer, folder: Path, labelled: int = 24, unlabelled: int = 8) -> None:
        self.server, self.folder, self.run = server, folder, folder / "runs" / "live"
        self.http = server.http()
        self.project = server.project(CONFIG)
        body: list[dict[str, Any]] = [{"data": {"text": text_of(n)}} for n in range(labelled + unlabelled)]
        for number in range(labelled):
            body[number]["annotations"] = [{"result": result(intent_of(number)), "ground_truth": False}]
        url = f"/api/projects/{self.project}/import"
        answer = self.http.post(url, params={"return_task_ids": "true"}, json=body)
        self.tasks = answer.raise_for_status().json()["task_ids"]
        self.open = list(range(labelled, labelled + unlabelled))
        self.recipe = folder / "recipe.toml"
        self.recipe.write_text(RECIPE.format(reader="labelstudio", source=self.project), encoding="utf-8")
        site = folder / "site" / "bayes-1.dist-info"
        site.mkdir(parents=True)
        (site / "METADATA").write_text("Metadata-Version: 2.1\nName: bayes\nVersion: 1\n")
        (site / "entry_points.txt").write_text("[workbench]\nnaive_bayes = tests.naive_bayes\n")

    def label(self) -> str:
        """Label the next task that has no label; its text."""
        number = self.open.pop(0)
        annotate(self.http, self.tasks[number], intent_of(number))
        return text_of(number)

    def hooks(self) -> list[dict[str, Any]]:
        """The project's webhooks."""
        answer = self.http.get("/api/webhooks/", params={"project": self.project}).raise_for_status().json()
        return list(answer)

    def hints(self) -> list[Path]:
        """The hint files of watches."""
        return list((self.folder / "data" / "intent-workbench" / "labelstudio" / "hints").glob("*"))

    def rows(self) -> set[str]:
        """The texts of the run's dataset."""
        dataset = Run.load(self.run).dataset()
        assert dataset is not None
        return {row.raw for row in dataset.utterances}

    def environment(self, **more: str) -> dict[str, str]:
        """Of a `workbench` that knows the server and the plugin."""
        return {
            **os.environ,
            "LABEL_STUDIO_URL": self.server.url,
            "LABEL_STUDIO_API_KEY": TOKEN,
            "XDG_DATA_HOME": str(self.folder / "data"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "PYTHONPATH": os.pathsep.join([str(self.folder / "site"), str(ROOT)]),
            "OMP_NUM_THREADS": "1",
            **more,
        }

    def command(self, *options: object) -> list[str]:
        """Of the verb."""
        words = [self.project, self.recipe, "-o", self.run, "--json", *options]
        return [sys.executable, "-m", "workbench", "--debug", "labelstudio", "watch", *map(str, words)]

    def once(self, *options: object, **more: str) -> subprocess.CompletedProcess[str]:
        """`watch --once`, to its end."""
        command = self.command("--once", *options)
        return subprocess.run(command, env=self.environment(**more), capture_output=True, text=True, timeout=PATIENCE)

    @contextlib.contextmanager
    def watching(self, *options: object, **more: str) -> Iterator[Watching]:
        """`watch` while the block lasts."""
        watch = Watching(self.command(*options), self.environment(**more))
        try:
            yield watch
        finally:
            watch.stop()


class Watching:
    """A `watch --json`: its events as they come."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.events: list[dict[str, Any]] = []
        self.errors = ""
        self.process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def _read_errors(self) -> None:
        assert self.process.stderr
        self.errors = self.process.stderr.read()

    def wait_for(self, event: str, count: int = 1, **about: Any) -> dict[str, Any]:
        """The `count`-th such event."""
        self.wait_until(lambda: len(self.seen(event, **about)) >= count, f"{event} {about}")
        return self.seen(event, **about)[count - 1]

    def wait_until(self, condition: Callable[[], object], what: str = "such state") -> None:
        """Until it holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"no {what}: {self.events}"
            assert self.process.poll() is None, f"ended: {self.events}"
            time.sleep(0.05)

    def seen(self, event: str, **about: Any) -> list[dict[str, Any]]:
        """Such events so far."""
        return [one for one in self.events if one["event"] == event and about.items() <= one.items()]

    def running(self) -> bool:
        """Whether a run is in progress: it is the one child that a watch has."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return any(file.read_text() for file in children)

    def settle(self) -> dict[str, Any]:
        """Wait for a pull that finds no new label after the last run; its figures."""

        def last() -> dict[str, Any]:
            return next((one for one in reversed(self.events) if one["event"] in ("pulled", "training")), {})

        self.wait_until(lambda: last().get("train") is False, "pull without news")
        return last()

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Send it a signal; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code
