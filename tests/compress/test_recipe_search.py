"""A recipe whose `[[compress]]` is a search: it goes through to the gate, and its report shows every candidate."""

from __future__ import annotations

import json

import pytest

from tests.compress.harness import sources
from workbench.engine.run import Run


@pytest.fixture(scope="module")
def run(workbench, searching, tiny_encoder, tmp_path_factory):
    """A run whose recipe searches."""
    place = tmp_path_factory.mktemp("run")
    (place / "recipe.toml").write_text(
        f"""{sources(searching.dataset, place)}
[train]
use = "finetune"
encoder = "{tiny_encoder}"
epochs = 2
encoder_lr = 2e-3

[evaluate]
baselines = []

[[compress]]
use = "search"
screened = 1
recovered = 1
epochs = 1
max_drop = 5.0

[gate]
max_accuracy_drop = 5.0
""",
        encoding="utf-8",
    )
    done = workbench("run", place / "recipe.toml", "-o", place / "run")
    assert done.exit_code == 0, done.output
    return place


def test_a_recipe_that_searches_goes_through_to_the_gate(run):
    made = Run.load(run / "run")
    assert made.bundle().accepted
    (stage,) = [stage for stage in made.stages if stage.kind == "compress"]
    measurements = json.loads((stage.measurements / "search.json").read_text(encoding="utf-8"))
    assert measurements["chosen"] == made.bundle().model.history[-1]["chosen"]
    assert not list(stage.path.rglob("search.json"))


def test_its_bundle_is_measured_with_the_parity_of_each_pass(run, host):
    made = Run.load(run / "run")
    measurement, history = made.measurement(), made.bundle().model.history
    passes = [step["step"] for step in history if "parity" in step]
    assert passes[0] == "onnx"
    assert [leg.step for leg in measurement.legs] == passes
    assert {leg.texts for leg in measurement.legs} == {"train"}, "a search keeps dev from its passes"
    assert measurement.facts == host.runtime("onnx").facts_of(made.bundle().model)
    card = (made.bundle().path / "README.md").read_text(encoding="utf-8")
    assert "- `onnx`, compared with its input model" in card
    assert "torch → ONNX" in (run / "run" / "report.html").read_text(encoding="utf-8")


def test_its_report_shows_every_candidate(run):
    made = Run.load(run / "run")
    page = (run / "run" / "report.html").read_text(encoding="utf-8")
    (stage,) = [stage for stage in made.stages if stage.kind == "compress"]
    for candidate in json.loads((stage.measurements / "search.json").read_text(encoding="utf-8"))["candidates"]:
        assert f"<title>{candidate['name']}</title>" in page
    assert "what was tried" in page
    assert "全部候选" in page


def test_a_second_run_searches_no_more(workbench, run):
    before = Run.load(run / "run").bundle().id
    done = workbench("run", run / "recipe.toml", "-o", run / "run")
    assert "compress-1-search: cached" in done.output
    assert Run.load(run / "run").bundle().id == before
