"""Fixtures for `workbench labelstudio create`: datasets in folders, the command line, and what the server has then."""

from __future__ import annotations

import json

import pytest

from tests.label_studio import TOKEN
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance


@pytest.fixture(autouse=True)
def known(label_studio, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)


@pytest.fixture
def save(tmp_path):
    """A dataset in a folder: a text for each intent, or the rows that are given."""

    def write(intents, rows=None, task="intent"):
        made = rows or [Utterance(f"r{n}", f"text {n}", f"text {n}", (intent,)) for n, intent in enumerate(intents)]
        folder = tmp_path / f"dataset-{len(list(tmp_path.iterdir()))}"
        Dataset(task, tuple(intents), tuple(made)).save(folder)
        return folder

    return write


@pytest.fixture
def create(workbench):
    def run(*words):
        result = workbench("labelstudio", "create", *words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


@pytest.fixture
def refused(workbench):
    def run(*words, code=2):
        result = workbench("labelstudio", "create", *words)
        assert result.exit_code == code, result.output
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
        return result.stderr

    return run


@pytest.fixture
def about(label_studio):
    """What the server says of a project."""

    def ask(number):
        with label_studio.http() as http:
            return http.get(f"/api/projects/{number}").raise_for_status().json()

    return ask


@pytest.fixture
def answers(label_studio):
    """What the annotations of a project say, by text."""

    def ask(number):
        with label_studio.http() as http:
            tasks = http.get(f"/api/projects/{number}/export", params={"exportType": "JSON"}).raise_for_status().json()
        return {task["data"]["text"]: [one["result"] for one in task["annotations"]] for task in tasks}

    return ask
