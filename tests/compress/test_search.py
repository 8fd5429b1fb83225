"""The pass `search` on a real tiny model: what it leaves, each budget, and what it says when one cannot be kept."""

from __future__ import annotations

import dataclasses
import logging
import re

import numpy as np
import pytest

from tests.compress.harness import ROOM, deviation
from workbench.errors import GateRefused, WorkbenchError
from workbench.io.digests import digest_folder
from workbench.nouns.model import Model
from workbench_compress.lab.executor import SearchExecutor

AS_IT_IS = {"minutes": 0.0, "vocabulary": "keep"}  # nothing new is made


def by_name(measurements: dict) -> dict:
    return {candidate["name"]: candidate for candidate in measurements["candidates"]}


def version(candidate: dict) -> str:
    """The name of the torch model that a candidate was exported from."""
    ending = chain(candidate)
    assert candidate["name"].endswith(ending)
    return candidate["name"].removesuffix(ending)


def chain(candidate: dict) -> str:
    """The end of a candidate's name: its passes but the export, and the mode of int8 where it is not the usual one."""
    export, *others = candidate["passes"]
    assert export == {"use": "onnx"}
    parts = [part for link in others for part in (link["use"], *[value for key, value in link.items() if key != "use"])]
    return "-".join(["", *parts, *([] if candidate["bits"] < 32 else ["fp32"])])


def test_what_it_leaves_is_the_chosen_candidate(searching):
    measurements = searching.measurements("whole")
    out = searching.place / "whole" / "out"
    (chosen,) = [c for c in measurements["candidates"] if c["chosen"]]
    assert {path.name for path in out.iterdir()} == {"model.onnx", "tokenizer.json", "workbench.json"}
    texts = [row.text for row in searching.dataset.labelled("dev")]
    truth = np.array(searching.dataset.label_ids(searching.dataset.labelled("dev")))
    made = Model.load(out)
    logits = searching.host.open_predictor(made).logits(texts)
    assert (logits.argmax(1) == truth).mean() == pytest.approx(chosen["accuracy"])
    assert sum((out / name).stat().st_size for name in ("model.onnx", "tokenizer.json")) == chosen["bytes"]
    assert made.history[-1]["chosen"] == chosen["name"]
    assert chosen["misses"] == ""
    kept = [c for c in measurements["candidates"] if not c["misses"]]
    assert chosen["mean_ms"] == min(c["mean_ms"] for c in kept)


def test_pruned_models_were_predicted_made_trained_and_measured(searching):
    measurements = searching.measurements("whole")
    pruned = measurements["screening"]["pruned_models"]
    assert measurements["screening"]["grid"] == 8
    assert [d["name"] for d in measurements["screening"]["dimensions"]] == ["layers", "heads", "width"]
    assert 1 <= len(pruned) <= 2
    trained = [c for c in measurements["candidates"] if c["epochs"]]
    names = {re.sub("-e[0-9].*", "", c["name"]) for c in trained}
    assert {c["name"] for c in pruned if c["trained"]} <= names <= {c["name"] for c in pruned}  # faster ones may follow
    for candidate in measurements["candidates"]:
        assert candidate["predicted_ms"] or candidate["bits"] == 16
        assert 0 < candidate["mean_ms"] <= candidate["p95_ms"]
        assert candidate["export_logit_difference"] < (1e-4 if candidate["precision"] == "fp32" else 10)
        assert candidate["memory_bytes"] > candidate["bytes"]
        assert bool(candidate["facts"]["int8_nodes"]) == (candidate["precision"] == "int8")
        assert (candidate["labels_changed_by_batch"], candidate["score_changed_by_batch"] <= 1e-6) == (0, True)
    names = by_name(measurements)
    assert names["baseline-int8"]["bytes"] < names["baseline-fp32"]["bytes"]


def test_time_stands_in_the_measurements_and_not_in_the_output(searching):
    for path in (searching.place / "whole" / "out").iterdir():
        assert b"_ms" not in path.read_bytes().replace(b"max_latency_ms", b"")
    assert "mean_ms" in searching.measurements("whole")["candidates"][0]
    assert searching.measurements("whole")["yardstick"] == "int8"


def test_everything_is_made_once(searching, tmp_path):
    again = searching.known("whole", tmp_path)
    before = {path: path.stat().st_mtime_ns for path in again.work("whole").rglob("*") if path.is_file()}
    again.run("whole")
    assert before == {path: path.stat().st_mtime_ns for path in again.work("whole").rglob("*") if path.is_file()}
    assert again.measurements("whole")["candidates"] == searching.measurements("whole")["candidates"]
    assert digest_folder(tmp_path / "whole" / "out") == digest_folder(searching.place / "whole" / "out")


@pytest.mark.parametrize(
    ("budget", "figure", "scale"),
    [("max_size_mb", "bytes", 1e6), ("max_memory_mb", "memory_bytes", 1e6), ("max_latency_ms", "p95_ms", 1.0)],
)
def test_a_budget_rules_out_what_is_beyond_it(searching, tmp_path, budget, figure, scale):
    known = searching.known("whole", tmp_path)
    least = min(c[figure] for c in searching.measurements("whole")["candidates"])
    known.claim("whole", "baseline-int8", **{figure: least / 2})
    known.run("whole", **{budget: 0.75 * least / scale}, **AS_IT_IS)
    candidates = known.measurements("whole")["candidates"]
    assert [c["name"] for c in candidates if not c["misses"]] == ["baseline-int8"]
    assert all(budget in c["misses"] for c in candidates if c["name"] != "baseline-int8")
    assert known.measurements("whole")["chosen"] == "baseline-int8"


def test_a_budget_of_churn_rules_out_what_changes_labels_though_no_worse(searching, tmp_path):
    known = searching.known("whole", tmp_path)
    for name in by_name(searching.measurements("whole")):
        known.claim("whole", name, points=0.0, disagreement=0.1)
    known.claim("whole", "baseline-int8", points=0.0, disagreement=0.02)
    known.run("whole", max_churn=2.0, **AS_IT_IS)
    measurements = known.measurements("whole")
    assert (
        [c["name"] for c in measurements["candidates"] if not c["misses"]]
        == ["baseline-int8"]
        == [measurements["chosen"]]
    )
    assert "max_churn 10 points, budget 2" in by_name(measurements)["baseline-fuse-int8"]["misses"]


def test_churn_that_no_int8_keeps_gives_float32_and_says_so(searching, tmp_path, caplog):
    known = searching.known("whole", tmp_path)
    for name, candidate in by_name(searching.measurements("whole")).items():
        exact = candidate["precision"] == "fp32" and not candidate["pruned"]
        known.claim("whole", name, points=0.0, disagreement=0.0 if exact else 0.01)
        if candidate["pruned"]:
            known.note("whole", f"predictions-{version(candidate)}", deviation(1.0, 0.0, disagreement=0.01))
    with caplog.at_level(logging.WARNING):
        made = known.run("whole", max_churn=0.0, **AS_IT_IS)
    assert made.history[-1]["chosen"].endswith("fp32")
    assert "max_churn 1 points, budget 0" in caplog.text


@pytest.mark.parametrize("budget", ["max_size_mb", "max_memory_mb", "max_latency_ms"])
def test_a_budget_that_nothing_keeps_is_refused_with_the_nearest_misses(searching, tmp_path, budget):
    with pytest.raises(GateRefused, match=rf"none of \d+ measured candidates.*Nearest: .*{budget} [\d.]+ M?") as caught:
        searching.known("whole", tmp_path).run("whole", **{budget: 0.0001}, **AS_IT_IS)
    assert caught.value.exit_code == 3
    assert not (tmp_path / "whole" / "out").exists()


def test_an_accuracy_that_no_int8_keeps_gives_float32_and_says_so(searching, tmp_path, caplog):
    known = searching.known("whole", tmp_path)
    for name, candidate in by_name(searching.measurements("whole")).items():
        lossy = candidate["precision"] != "fp32" or candidate["pruned"]
        known.claim("whole", name, points=3.0 if lossy else 0.0)
        if candidate["pruned"]:
            known.note("whole", f"predictions-{version(candidate)}", deviation(1.0, 3.0))
    with caplog.at_level(logging.WARNING):
        made = known.run("whole", max_drop=0.5, **AS_IT_IS)
    assert made.history[-1]["chosen"].endswith("fp32")
    assert "int8" not in {step["step"] for step in made.history}
    assert "NOT QUANTIZED" in caplog.text
    assert "max_drop 3.003 points, budget 0.5" in caplog.text


def test_a_pruned_model_that_only_its_quantization_spoils_is_served_otherwise(searching, tmp_path):
    known = searching.known("whole", tmp_path)
    for pruned in searching.measurements("whole")["screening"]["pruned_models"]:  # as they are they keep nothing
        known.note("whole", f"screening-{pruned['name']}", deviation(pruned["divergence"], 3.0))
    known.run("whole", max_drop=ROOM, **AS_IT_IS)  # times decide which chain leads: it serves the trained ones
    (trained, *_) = [c for c in known.measurements("whole")["candidates"] if c["epochs"]]
    known.claim("whole", trained["name"], points=3.0)
    known.note("whole", f"predictions-{version(trained)}", deviation(0.0, 0.0))
    known.run("whole", max_drop=ROOM, **AS_IT_IS)
    alike = ("architecture", "epochs")
    found = [c for c in known.measurements("whole")["candidates"] if all(c[key] == trained[key] for key in alike)]
    misses = {c["name"]: c["misses"] for c in found}
    assert "max_drop" in misses.pop(trained["name"])
    assert "" in misses.values()


def test_a_pruned_model_that_keeps_the_budget_as_it_is_is_not_trained(searching, tmp_path):
    known = searching.known("whole", tmp_path)
    for pruned in searching.measurements("whole")["screening"]["pruned_models"]:
        known.note("whole", f"screening-{pruned['name']}", deviation(pruned["divergence"], -1.0))
    known.run("whole", max_drop=100.0, **AS_IT_IS)
    measurements = known.measurements("whole")
    found = [c for c in measurements["candidates"] if c["pruned"]]
    fastest = min(measurements["screening"]["pruned_models"], key=lambda each: each["predicted_ms"])
    assert [(c["epochs"], version(c)) for c in found] == [(0, fastest["name"])]


def test_what_other_texts_change_is_served_with_batch_size_1(searching, tmp_path):
    known = searching.known("whole", tmp_path)
    for name in by_name(searching.measurements("whole")):
        known.claim("whole", name, points=9.0)
    known.claim("whole", "baseline-fuse-fp32", points=0.0, score_changed_by_batch=2e-6)
    known.claim("whole", "baseline-fp32", points=9.0)
    made = known.run("whole", max_drop=1.0, screened=0, **AS_IT_IS)
    (chosen,) = [c for c in known.measurements("whole")["candidates"] if c["chosen"]]
    assert (chosen["name"], made.rows_per_call) == ("baseline-fuse-fp32", 1)
    assert Model.load(tmp_path / "whole" / "out").rows_per_call == 1
    assert chosen["score_changed_by_batch"] <= 1e-6


def test_a_budget_of_nothing_is_kept(searching, tmp_path):
    known = searching.known("whole", tmp_path)
    known.run("whole", max_drop=0.0, confidence=0.95, **AS_IT_IS)
    (chosen,) = [c for c in known.measurements("whole")["candidates"] if c["chosen"]]
    assert chosen["accuracy_loss"]["bound"] <= 0


def test_no_time_leaves_the_baseline_model(searching, tmp_path):
    quick = dataclasses.replace(searching, place=tmp_path)
    quick.run("hasty", minutes=0.0)
    measurements = quick.measurements("hasty")
    assert measurements["screening"] is None
    assert {c["name"] for c in measurements["candidates"]} >= {"baseline-fp32", "baseline-int8"}
    assert all(not c["pruned"] for c in measurements["candidates"])


def test_a_vocabulary_is_trimmed_where_a_budget_asks_for_it(searching, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "workbench_compress.policy.conditions.TOKENS_SHARE", 0.0
    )  # a third would hold all of this small vocabulary
    known = searching.known("whole", tmp_path)
    least = min(c["bytes"] for c in searching.measurements("whole")["candidates"] if not c["pruned"])
    known.run("whole", max_size_mb=0.999 * least / 1e6, max_drop=ROOM, minutes=0.0)
    found = by_name(known.measurements("whole"))
    trimmed = [c for c in found.values() if c["trimmed"]]
    assert {"int8", "fp32"} <= {c["precision"] for c in trimmed}
    sizes = [(c["bytes"], found[c["name"].replace("-trimmed-0", "")]["bytes"]) for c in trimmed]
    assert [(small, whole) for small, whole in sizes if small >= whole] == []
    assert known.measurements("whole")["chosen"].startswith("baseline-trimmed")


def test_a_trimmed_model_that_no_chain_can_serve_is_not_pruned(searching, tmp_path, monkeypatch):
    known, asked = searching.known("whole", tmp_path), []
    honest = SearchExecutor._candidate

    def refused(executor, name, version, chain):
        if version.trimmed:
            asked.append(name)
            raise WorkbenchError("the logits differ")
        return honest(executor, name, version, chain)

    monkeypatch.setattr(SearchExecutor, "_candidate", refused)
    known.run("whole", vocabulary="trim", max_size_mb=100.0, max_drop=ROOM, minutes=0.0)
    measurements = known.measurements("whole")
    assert asked
    assert all(name.startswith("baseline-trimmed-") for name in asked)
    assert [c for c in measurements["candidates"] if c["trimmed"]] == []
    assert [c for c in measurements["candidates"] if c["pruned"]], "the model with all its words was"
