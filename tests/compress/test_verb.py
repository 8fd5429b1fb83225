"""The verb `workbench compress` without `--use`, and the recipe's `use = "search"`."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest

from tests.compress.harness import KEY
from workbench.io.lock import locked
from workbench.nouns.bundle import Bundle
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.quality.calibration import Calibration, fit_temperature
from workbench.quality.invariance import Invariance
from workbench.stages.calibration import calibration_obstacle

ALONE = ("--minutes", "0")  # the unpruned model only


@pytest.fixture(scope="module")
def data(searching, tmp_path_factory):
    out = tmp_path_factory.mktemp("rows") / "data"
    searching.dataset.save(out)
    return out


@pytest.fixture(scope="module")
def aside(tmp_path_factory):
    """A work folder of searches, so that the baseline model is measured once for all that do not look at that."""
    return tmp_path_factory.mktemp("aside")


@pytest.fixture(scope="module")
def texts(searching, tmp_path_factory):
    """The texts of the dataset alone, as a file."""
    path = tmp_path_factory.mktemp("texts") / "texts.txt"
    path.write_text("\n".join(row.text for row in searching.dataset), encoding="utf-8")
    return path


def test_without_use_it_searches_and_leaves_a_bundle_and_its_measurements(workbench, searching, data, tmp_path):
    out = tmp_path / "bundle"
    done = workbench("compress", searching.model.path, "--data", data, "-o", out, "--max-drop", "1.5", *ALONE)
    assert done.exit_code == 0, done.output
    bundle = Bundle.load(out)
    measurements = json.loads((tmp_path / "bundle.measurements" / "search.json").read_text(encoding="utf-8"))
    assert bundle.model.history[-1]["chosen"] == measurements["chosen"]
    assert measurements["budgets"] == [{"name": "max_drop", "most": 1.5, "unit": "points"}]
    assert {path.name for path in tmp_path.iterdir()} == {"bundle", "bundle.measurements"}
    found = json.loads((tmp_path / "bundle.measurements" / "calibration.json").read_text(encoding="utf-8"))
    assert Calibration.from_json(found).fitted.temperature == bundle.temperature != 1.0
    accuracy = bundle.metrics["dev"]["accuracy"]
    assert accuracy == next(c["accuracy"] for c in measurements["candidates"] if c["chosen"])
    told = (out / "README.md").read_text(encoding="utf-8")
    assert f"| dev | accuracy | {accuracy:.4f} |" in told
    assert "batch invariance on " in told
    assert "texts: 0 label changes, " in told
    assert "- nodes of the graph: " in told
    assert re.search(r"    batch invariance on [\d,]+ texts: 0 label changes, largest score difference ", done.stderr)
    again = workbench("compress", searching.model.path, "--data", data, "-o", tmp_path / "bundle", *ALONE)
    assert (again.exit_code, "exists already" in again.output) == (1, True)


def test_what_a_search_put_aside_serves_another_budget(workbench, searching, data, aside, tmp_path):
    words = ("compress", searching.model.path, "--data", data, *ALONE)
    first = workbench(*words, "-o", tmp_path / "one", "--max-drop", "1.5", "--work", aside)
    assert first.exit_code == 0, first.output
    made = {path: path.stat().st_mtime_ns for path in aside.rglob("*.json")}
    assert any(path.parent.name.startswith("figures-baseline-int8-") for path in made)
    second = workbench(*words, "-o", tmp_path / "two", "--max-drop", "2.5", "--work", aside)
    assert second.exit_code == 0, second.output
    assert {path: path.stat().st_mtime_ns for path in made} == made
    (folder,) = (path for path in aside.iterdir() if path.is_dir())
    assert re.fullmatch("compress-1-search-[0-9a-f]{8}", folder.name)
    measurements = json.loads((tmp_path / "two.measurements" / "search.json").read_text(encoding="utf-8"))
    assert measurements["budgets"][0]["most"] == 2.5


def test_a_folder_to_put_aside_in_is_one_commands_at_a_time(workbench, searching, data, tmp_path):
    aside = tmp_path / "aside"
    aside.mkdir()
    with locked(aside):
        done = workbench("compress", searching.model.path, "--data", data, "-o", tmp_path / "one", "--work", aside)
    assert done.exit_code == 1
    assert "choose another --work" in done.output
    assert {path.name for path in tmp_path.iterdir()} == {"aside"}


@pytest.mark.parametrize(
    "place", [".", "one", "one/deep", "one.measurements", ".one.work", "link/data/deep", "data", "file"]
)
def test_a_folder_to_put_aside_in_is_no_other_one(workbench, searching, data, tmp_path, place):
    (tmp_path / "file").write_text("")
    (tmp_path / "data").symlink_to(data)
    (tmp_path / "link").symlink_to(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    words = ("compress", searching.model.path, "--data", data, "-o", tmp_path / "one")
    done = workbench(*words, "--work", tmp_path / place)
    assert done.exit_code == 2
    assert "--work" in done.output
    assert {path.name for path in tmp_path.iterdir()} == before
    assert not (data / "deep").exists()


def test_the_temperature_is_fitted_on_dev_and_is_none_without_data(workbench, searching, data, tmp_path):
    words = ("compress", searching.model.path, "--use", "onnx")
    done = workbench(*words, "--data", data, "-o", tmp_path / "with")
    assert done.exit_code == 0, done.output
    assert re.search(
        r"    temperature [\d.]+, fitted on 120 dev rows: .* [\d.]+% .*, [\d.]+% without a temperature\n", done.stderr
    )
    assert "- Temperature " in (tmp_path / "with/README.md").read_text(encoding="utf-8")
    assert "    temperature" not in workbench(*words, "-o", tmp_path / "without").stderr
    fitted, plain = (Bundle.load(tmp_path / name).temperature for name in ("with", "without"))
    dev = searching.dataset.labelled("dev")
    logits = searching.host.open_predictor(searching.model).logits([row.text for row in dev])
    assert fitted == pytest.approx(fit_temperature(logits, searching.dataset.label_ids(dev)), rel=0.01) != 1.0
    assert plain == 1.0


def test_rows_of_other_intents_or_another_task_give_no_temperature(workbench, searching, tmp_path, caplog):
    renamed = [dataclasses.replace(row, intents=(f"{row.intent}!",)) for row in searching.dataset]
    intents = tuple(f"{intent}!" for intent in searching.dataset.intents)
    Dataset("intent", intents, tuple(renamed)).save(tmp_path / "other")
    words = ("compress", searching.model.path, "--use", "onnx", "--data", tmp_path / "other", "-o", tmp_path / "made")
    done = workbench(*words)
    assert done.exit_code == 0, done.output
    assert "no temperature is fitted: the dataset has other intents" in caplog.text
    assert Bundle.load(tmp_path / "made").temperature == 1.0
    several = dataclasses.replace(searching.model, task="intents")
    assert "the task 'intents'" in (calibration_obstacle(several, searching.dataset) or "")
    assert calibration_obstacle(searching.model, searching.dataset) is None


def test_its_options_go_by_their_long_names_too(workbench, searching, data, aside, tmp_path):
    words = ("compress", searching.model.path, "--data", data, "-o", tmp_path / "bundle", "--work", aside)
    for prefix in (("--",), ("--use", "search", "--search.")):
        done = workbench(*words, *prefix[:-1], f"{prefix[-1]}max-size-mb", "0.0001", f"{prefix[-1]}minutes", "0")
        assert done.exit_code == 3, done.output
        assert "max_size_mb" in done.output
        assert not (tmp_path / "bundle").exists()


def test_a_budget_of_nothing_gives_unpruned_float32_and_says_so(workbench, searching, data, aside, tmp_path, caplog):
    words = ("compress", searching.model.path, "--data", data, "-o", tmp_path / "bundle", "--max-drop", "0")
    done = workbench(*words, "--work", aside, "--confidence", "0.99", *ALONE)
    assert done.exit_code == 0, done.output
    assert "NOT QUANTIZED: the bundle is baseline-" in caplog.text
    assert Bundle.load(tmp_path / "bundle").model.history[-1]["accuracy_loss"]["bound"] == 0.0


def test_pruned_models_learn_from_texts_alone_too(workbench, searching, texts, aside, tmp_path):
    words = ("compress", searching.model.path, "--texts", texts, "-o", tmp_path / "bundle", "--max-drop", "0")
    done = workbench(*words, "--work", aside, "--screened", "1", "--recovered", "1", "--minutes", "5")
    assert done.exit_code == 0, done.output
    measurements = json.loads((tmp_path / "bundle.measurements" / "search.json").read_text(encoding="utf-8"))
    assert measurements["judged"]["labelled_by"] == "baseline"
    assert [c for c in measurements["candidates"] if c["epochs"]]


def test_weights_for_every_cpu_are_asked_for(workbench, searching, data, tmp_path):
    words = ("compress", searching.model.path, "--data", data, "-o", tmp_path / "bundle", "--work", tmp_path / "aside")
    done = workbench(*words, "--max-drop", "100", "--reduce-range", "yes", *ALONE)
    assert done.exit_code == 0, done.output
    made = [Model.load(folder).history[-1] for folder in tmp_path.glob(f"aside/*/baseline-onnx*-int8*-{KEY}/model")]
    assert [step["reduce_range"] for step in made] == [True, True, True]  # dynamic, fused, and fused with static scales


def test_an_export_whose_answers_other_texts_change_is_to_be_asked_one_text_a_call(
    workbench, searching, data, tmp_path, monkeypatch, caplog
):
    def crowded(predictor, texts, *, seed):
        return Invariance(len(texts), int(predictor.model.rows_per_call != 1), 0.0)

    monkeypatch.setattr("workbench.stages.bundle.batch_invariance", crowded)
    done = workbench("export", searching.model.path, "--data", data, "-o", tmp_path / "bundle")
    assert done.exit_code == 0, done.output
    assert "1 label changes" in caplog.text
    assert "the server will run this bundle with batch size 1" in caplog.text
    assert Bundle.load(tmp_path / "bundle").model.rows_per_call == 1
    assert "0 label changes" in done.stderr


def test_a_pass_named_twice_is_refused(workbench, searching, tmp_path):
    for words in (("--use", "onnx,int8,int8"), ("--use", "int8", "--use=onnx,int8")):
        done = workbench("compress", searching.model.path, *words, "-o", tmp_path / "bundle")
        assert done.exit_code == 2, done.output
        assert "--use names 'int8' 2 times" in done.output
        assert "use a recipe" in done.output
        assert not (tmp_path / "bundle").exists()


def test_texts_alone_are_enough(workbench, searching, texts, aside, tmp_path):
    words = ("compress", searching.model.path, "--texts", texts, "-o", tmp_path / "bundle", "--work", aside)
    done = workbench(*words, *ALONE)
    assert done.exit_code == 0, done.output
    assert Bundle.load(tmp_path / "bundle").model.history[-1]["labelled_by"] == "baseline"
    assert re.search(r"points of agreement lost on \d+ texts, at most [\d.]+ lost with 0.7 confidence\n", done.stderr)


@pytest.mark.parametrize("option", ["--opset", "--onnx.opset"])
def test_the_default_of_export_has_both_names_too(workbench, searching, tmp_path, option):
    done = workbench("export", searching.model.path, option, "19", "-o", tmp_path / "bundle")
    assert done.exit_code == 0, done.output
    assert Bundle.load(tmp_path / "bundle").model.history[-1]["options"]["opset"] == 19


def test_help_shows_the_budgets(workbench):
    shown = workbench("compress", "--help").output
    assert "--max-drop" in shown
    assert "--minutes" in shown
    assert "--max-drop" not in workbench("compress", "--use", "int8", "--help").output


def test_named_passes_work_as_before(workbench, searching, data, tmp_path):
    words = ("compress", searching.model.path, "--data", data)
    done = workbench(*words, "--use", "onnx,int8", "--int8.no-embeddings", "-o", tmp_path / "named")
    assert done.exit_code == 0, done.output
    assert [step["step"] for step in Bundle.load(tmp_path / "named").model.history][-2:] == ["onnx", "int8"]
    assert not (tmp_path / "named.measurements").exists()
    done = workbench(*words, "--use", "onnx", "--max-drop", "1", "-o", tmp_path / "wrong")
    assert done.exit_code == 2


def test_what_nobody_searches_needs_a_name(host, workbench):
    from click.testing import CliRunner

    from workbench.cli.root import build_cli
    from workbench.host import build_host

    few = build_cli(build_host(["workbench_onnx"]))
    done = CliRunner().invoke(few, ["compress", ".", "-o", "nowhere"])
    assert done.exit_code == 2
    assert "--use is missing" in done.output
