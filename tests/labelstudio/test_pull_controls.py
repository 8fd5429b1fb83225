"""Which control of a project on a real server is read: what its label config says, whatever was answered so far."""
# ruff: noqa: F401, F811 - fixtures are imported

from __future__ import annotations

import json

import pytest

from tests.labelstudio.pulls import command, project, pull
from tests.labelstudio.rig import CONFIG, add_tasks
from tests.labelstudio.tasks import answer
from workbench.nouns.dataset import Dataset
from workbench_labelstudio.pull import pull as module

MOOD = '<Choices name="mood" toName="t"><Choice value="calm"/><Choice value="angry"/></Choices></View>'
TWO = CONFIG.replace("</View>", MOOD)


@pytest.fixture
def answered(label_studio):
    """A project that asks for intent and mood, of which annotators have answered the mood alone."""
    project = label_studio.project(TWO)
    with label_studio.http() as http:
        for number, task in enumerate(add_tasks(http, project, "abcd")):
            body = {"result": [answer(("calm", "angry")[number % 2], "mood")]}
            http.post(f"/api/tasks/{task}/annotations/", json=body).raise_for_status()
    return project


def test_of_two_controls_one_must_be_named_though_only_one_was_answered(answered, command, pull, tmp_path):
    refused = command(answered, "-o", tmp_path / "none")
    assert refused.exit_code == 2
    assert "has 2 controls that ask for labels: intent (2 labels), mood (2 labels)" in refused.output
    assert pull(answered, "-o", tmp_path / "mood", "--control", "mood")["intents"] == ["angry", "calm"]
    nothing = command(answered, "-o", tmp_path / "intent", "--control", "intent")
    assert nothing.exit_code == 1
    assert "4 empty" in nothing.output


def test_agreement_asks_the_label_config_too_and_says_what_the_pull_found(answered, pull, workbench_cli):
    refused = workbench_cli("labelstudio", "agreement", answered)
    assert refused.exit_code == 2
    assert "has 2 controls that ask for labels" in refused.output
    done = workbench_cli("labelstudio", "agreement", answered, "--control", "intent", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["control"] == "intent"


def test_a_control_that_only_annotations_know_is_named(label_studio, project, pull, workbench_cli, tmp_path):
    with label_studio.http() as http:
        for value, task in zip(("calm", "angry"), add_tasks(http, project, "ab"), strict=True):
            http.post(f"/api/tasks/{task}/annotations/", json={"result": [answer(value, "mood")]}).raise_for_status()
    (finding,) = pull(project)["findings"]
    assert finding == "mood: used in annotations (2), but the label config has no such control"
    assert f"Note: {finding}" in workbench_cli("labelstudio", "agreement", project).stderr
    assert pull(project, "-o", tmp_path / "out")["intents"] == ["delivery", "退款"]
    assert pull(project, "-o", tmp_path / "mood", "--control", "mood")["intents"] == ["angry", "calm"]


def test_a_control_that_asks_per_region_is_one_of_the_config(label_studio, project, pull):
    pull(project)
    with label_studio.http() as http:
        body = {"label_config": TWO.replace('name="mood" toName="t"', 'name="mood" toName="t" perRegion="true"')}
        http.patch(f"/api/projects/{project}", json=body).raise_for_status()
        (task,) = add_tasks(http, project, ["regions"])
        made = {"result": [answer("calm", "mood")]}
        http.post(f"/api/tasks/{task}/annotations/", json=made).raise_for_status()
    assert pull(project)["findings"] == []


class Killed(BaseException):
    """The end of a pull at some line."""


def test_drift_is_named_though_the_pull_that_stored_it_was_killed(label_studio, project, command, pull, monkeypatch):
    def killed(*_, **__):
        raise Killed

    pull(project)
    with label_studio.http() as http:
        (task,) = add_tasks(http, project, ["odd"])
        http.post(f"/api/tasks/{task}/annotations/", json={"result": [answer("strange")]}).raise_for_status()
    with monkeypatch.context() as patch:
        patch.setattr(module, "mirror_labels", killed)
        with pytest.raises(Killed):
            command(project)
    (finding,) = pull(project)["findings"]
    assert "not in the label config: 'strange'" in finding
    assert pull(project)["findings"] == [finding]


def test_a_dataset_without_a_split_pins_no_row(label_studio, pull, tmp_path):
    project = label_studio.project(CONFIG)

    def label(texts):
        with label_studio.http() as http:
            for number, task in enumerate(add_tasks(http, project, texts)):
                made = {"result": [answer(("delivery", "退款")[number % 2])]}
                http.post(f"/api/tasks/{task}/annotations/", json=made).raise_for_status()

    def splits(name, *words):
        pull(project, "-o", tmp_path / name, *words)
        return {row.text: row.split for row in Dataset.load(tmp_path / name)}

    label("abcdefghij")
    words = ("--split", "train=0.8,dev=0.2")
    assert set(splits("look").values()) == {"train"}
    divided = splits("divided", *words)
    assert set(divided.values()) == {"train", "dev"}
    label("klmnopqrst")
    assert divided.items() <= splits("again").items()
    later = splits("later", *words)
    assert divided.items() <= later.items()
    assert sum(split == "dev" for split in later.values()) == 4
