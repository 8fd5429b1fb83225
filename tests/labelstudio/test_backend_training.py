"""START_TRAINING and new labels: a recipe runs in the background, and what its gate accepts takes over."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.backend import (
    ACCEPTS,
    CONFIG,
    JOB,
    MOUNTED,
    REFUSES,
    ended,
    install_plugins,
    job_of,
    said_of,
    until,
    write_recipe,
)

START = {"action": "START_TRAINING", "project": {"id": 7}}
INSTALL = 'Run: pip install "bayes-plugin[train]"'


@dataclass
class Studio:
    """A served bundle with a recipe, and what trains it."""

    server: object
    site: Path

    @property
    def client(self):
        return self.server.client

    @property
    def bundle(self):
        return self.client.get("/health").json()["bundle"]

    def hook(self, body):
        return self.client.post("/label-studio/webhook", json=body)

    def job(self):
        return job_of(self.client)

    def let_go(self):
        """Let `slow-bayes` come to its end."""
        (self.site / "go").touch()


@pytest.fixture
def served(serving, bundle, monkeypatch, tmp_path):
    """`with served(gate, trainer) as studio:`"""
    site = install_plugins(tmp_path / "site")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")])))
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_QUIET", "0.3")

    @contextlib.contextmanager
    def start(gate=ACCEPTS, trainer="bayes"):
        monkeypatch.setenv("WORKBENCH_LABELSTUDIO_RECIPE", str(write_recipe(tmp_path, gate, trainer)))
        with serving(bundle.path, *MOUNTED) as server:
            yield Studio(server, site)
            server.stop()  # also ends what it trains

    return start


def test_what_the_gate_accepts_takes_over(served, bundle):
    with served() as studio:
        assert (studio.job()["state"], studio.job()["job_status"], studio.bundle) == ("idle", "idle", bundle.id)
        answer = studio.hook(START)
        assert (answer.status_code, answer.json()["job"]) == (200, JOB)
        assert answer.json()["state"] in ("waiting", "running")  # it begins at once
        job = ended(studio.client)
        assert (job["state"], job["exit_code"], job["why"]) == ("succeeded", 0, "START_TRAINING"), job
        assert job["bundle"] == studio.bundle != bundle.id
        assert studio.client.get("/label-studio/versions").json() == {"versions": [f"run-{studio.bundle}"]}
        assert job["job_status"] == "finished"
        told = studio.client.get("/jobs").json()[JOB]  # without a login: nothing that the training printed
        assert told == {name: job[name] for name in ("state", "since", "bundle")}
        tasks = [{"data": {"正文": "courier post"}}]
        answer = studio.client.post("/label-studio/predict", json={"tasks": tasks, "label_config": CONFIG})
        (result,) = answer.json()["results"]
        assert result["model_version"] == f"run-{studio.bundle}"
        assert result["result"][0]["value"] == {"choices": ["delivery"]}


@pytest.mark.parametrize(
    ("gate", "trainer", "state", "why"),
    [
        (REFUSES, "bayes", "refused", "budget 1e-06"),
        (ACCEPTS, "failing", "failed", "row 7: the rows are odd"),
        ("", "bayes", "failed", "no gate has checked this bundle"),
    ],
    ids=["refused", "failed", "no-gate"],
)
def test_otherwise_the_old_bundle_goes_on_and_the_state_says_why(served, bundle, tmp_path, gate, trainer, state, why):
    with served(gate, trainer) as studio:
        studio.hook(START)
        job = ended(studio.client)
        assert (job["state"], job["bundle"]) == (state, bundle.id), job
        assert why in job["message"]
        assert (tmp_path / "run.log").stat().st_size
        assert studio.bundle == bundle.id
        assert studio.client.post("/predict", json={"text": "退款"}).json()["intents"] == ["退款"]


def test_all_is_answered_while_it_trains(served, bundle, record_property):
    with served(trainer="slow-bayes") as studio:
        studio.hook(START)
        until(lambda: studio.job()["state"] == "running")
        seconds = []
        for number in range(50):
            begun = time.perf_counter()
            answer = studio.hook({"action": "ANNOTATION_CREATED", "annotation": {"id": number}, "project": {"id": 7}})
            seconds.append(time.perf_counter() - begun)
            assert (answer.status_code, answer.json()["state"]) == (200, "running")
        assert studio.hook(START).json()["state"] == "running"
        assert studio.client.get("/label-studio/health").json()["model_version"] == f"words-{bundle.id}"
        assert studio.client.post("/predict", json={"text": "退款"}).json()["intents"] == ["退款"]
        record_property("slowest_webhook_ms", round(1000 * max(seconds), 1))
        assert max(seconds) < 1, "Label Studio would have hung up"
        studio.let_go()
        until(lambda: studio.bundle != bundle.id)
        once_more = until(lambda: (job := studio.job())["state"] == "succeeded" and job, 90)
        assert once_more["why"] == "START_TRAINING"


def test_new_labels_train_once_they_have_come(served, bundle):
    with served() as studio:
        for action in ("TASKS_CREATED", "PROJECT_UPDATED", "NEWS"):
            studio.hook({"action": action})
        assert studio.job()["state"] == "idle"
        for action in ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED"):
            assert studio.hook({"action": action}).json()["state"] == "waiting"
        job = ended(studio.client)
        assert (job["state"], job["why"]) == ("succeeded", "ANNOTATIONS_DELETED")
        assert studio.bundle != bundle.id


def test_the_end_of_the_server_ends_the_training(served, tmp_path):
    with served(trainer="slow-bayes") as studio:
        studio.hook(START)
        until(lambda: studio.job()["state"] == "running")
        assert training_processes(tmp_path)
        assert studio.server.stop() == 0
        assert training_processes(tmp_path) == []


def training_processes(folder):
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = process.read_bytes().split(b"\0")
            if b"run" in words and str(folder / "recipe.toml").encode() in words:
                found.append(process.parent.name)
    return found


def test_a_missing_extra_is_told_at_once(served, bundle, label_studio, workbench, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    project = label_studio.project(CONFIG)
    with served(trainer="absent") as studio:
        assert workbench("labelstudio", "backend", project, studio.client.base_url).exit_code == 0
        job = studio.job()
        assert (job["state"], job["bundle"]) == ("unavailable", bundle.id)
        assert job["message"].rstrip(".").endswith(INSTALL)
        with label_studio.http() as http:
            (entry,) = http.get("/api/ml", params={"project": project}).json()
            http.post(f"/api/ml/{entry['id']}/train", json={}).raise_for_status()
        state, said = said_of(label_studio, entry["id"])
        assert state == "ER"
        assert "no-such-library. Run: pip install 'bayes-plugin[train]'" in said
        assert studio.hook({"action": "ANNOTATION_CREATED"}).json()["state"] == "unavailable"


def test_a_missing_extra_that_only_the_run_meets_is_told_by_its_state(served, bundle):
    with served(trainer="undeclared") as studio:
        studio.hook(START)
        job = ended(studio.client)
        assert (job["state"], job["bundle"]) == ("unavailable", bundle.id)
        assert job["message"].rstrip(".").endswith(INSTALL)
