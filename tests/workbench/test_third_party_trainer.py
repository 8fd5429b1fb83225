"""A trainer that nobody here knows goes from rows to a served bundle, by what its tutorial says alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.third_party import install, workbench

PAGE = Path(__file__).resolve().parents[2] / "docs" / "en" / "tutorials" / "first-trainer.md"
INT8 = '[[compress]]\nuse = "int8"\n'


def block(language: str) -> str:
    """The first code block of that language on the page."""
    return re.findall(rf"```{language} title=[^\n]*\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return install(tmp_path_factory.mktemp("third"), "tfidf", block("python"))


def run(site: Path, folder: Path, recipe: str) -> dict:
    """What `bundle.json` of a finished run holds."""
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    done = workbench(site, "run", folder / "recipe.toml", "-o", folder / "run", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads((Path(json.loads(done.stdout)["bundle"]) / "bundle.json").read_text(encoding="utf-8"))


def answer(site: Path, folder: Path, text: str) -> dict:
    """What `workbench predict` says of a text."""
    done = workbench(site, "predict", folder, text, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_pages_trainer_is_trained_quantized_judged_and_served(site, tmp_path, serving, monkeypatch):
    bundle = run(site, tmp_path, block("toml"))
    assert [step["step"] for step in bundle["model"]["history"]] == ["tfidf", "int8"]
    assert bundle["model"]["normalization"] == ["repair-1"]
    assert bundle["gate"]["accepted"] is True
    assert bundle["metrics"]["test"]["accuracy"] > 0.4
    asked = "Where is my <b>parcel</b>?"
    mine = answer(site, tmp_path / "run", asked)
    assert mine == {**answer(site, tmp_path / "run", "Where is my parcel?"), "text": asked}
    monkeypatch.setenv("PYTHONPATH", str(site))
    with serving(tmp_path / "run") as server:
        theirs = server.client.post("/predict", json={"text": asked}).json()
    assert (theirs["intents"], theirs["score"]) == (mine["intents"], pytest.approx(mine["score"]))


def test_without_a_pass_its_own_graph_is_bundled(site, tmp_path):
    bundle = run(site, tmp_path, block("toml").replace(INT8, ""))
    assert [step["step"] for step in bundle["model"]["history"]] == ["tfidf"]
    assert bundle["gate"]["accepted"] is True
    assert next(f for f in bundle["gate"]["figures"] if f["name"] == "min_agreement")["value"] == 1.0


def test_the_verbs_train_and_export_make_a_bundle_of_it(site, tmp_path):
    data = tmp_path / "data"
    for words in (
        ("import", "en", "--reader", "quickstart", "-o", data, "--split", "train=0.8,dev=0.2"),
        ("train", data, "--use", "tfidf", "-o", tmp_path / "model"),
        ("export", tmp_path / "model", "--data", data, "-o", tmp_path / "bundle"),
    ):
        done = workbench(site, *words)
        assert done.returncode == 0, done.stderr
    assert answer(site, tmp_path / "bundle", "where is my parcel")["intents"]
    refused = workbench(site, "export", tmp_path / "model", "--opset", "19", "-o", tmp_path / "other")
    assert refused.returncode == 2
    assert "--opset is an option of a pass, but a model of format 'onnx' needs no pass" in refused.stderr


def test_a_pass_for_torch_models_says_to_leave_it_out(site, tmp_path):
    (tmp_path / "recipe.toml").write_text(block("toml").replace("int8", "onnx"), encoding="utf-8")
    done = workbench(site, "run", tmp_path / "recipe.toml", "-o", tmp_path / "run")
    assert done.returncode == 1
    assert "is an ONNX model already" in done.stderr
    assert "leave it out" in done.stderr
