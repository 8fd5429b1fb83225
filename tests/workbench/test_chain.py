"""The whole chain through `workbench run`, with a third party's offer at every hook that names things."""

from __future__ import annotations

import dataclasses
import json
import shutil

import onnx
import pytest
from click.testing import CliRunner
from onnx import numpy_helper

from tests import naive_bayes
from workbench.api import build_host, hookimpl
from workbench.cli.root import build_cli
from workbench.components import Augmenter, Budget, Encoder, Executor, Pass
from workbench.encoders import find_encoder
from workbench.engine.run import Run
from workbench.nouns.predictor import probabilities
from workbench.nouns.report import Figure
from workbench.serving.open import open_bundle

LOUDER = 3


class Own:
    """Offers for the hooks that no other test fills."""

    @hookimpl
    def augmenters(self):
        def shout(utterances, rng, options, context):
            for row in utterances:
                if rng(row.id).random() < 0.5:
                    yield row.id, row.text.upper() + "!"

        return {"shout": Augmenter(run=shout, summary="louder")}

    @hookimpl
    def budgets(self):
        def most(limit, measurement):
            return Figure("max_rows", measurement.rows, limit, "rows", measurement.rows <= limit)

        return {"max_rows": Budget(run=most, summary="rows that parity was measured on")}

    @hookimpl
    def passes(self):
        def louder(model, out, options, context):
            shutil.copytree(model.path, out)
            graph = onnx.load(out / "model.onnx")
            (weights,) = (tensor for tensor in graph.graph.initializer if tensor.name == "weights")
            weights.CopyFrom(numpy_helper.from_array(LOUDER * numpy_helper.to_array(weights), "weights"))
            onnx.save(graph, out / "model.onnx")
            return model.derive(out, {"step": "louder"})

        def crowded(model, out, options, context):
            shutil.copytree(model.path, out)
            return dataclasses.replace(model, path=out, rows_per_call=None).save()

        return {
            "louder": Pass(run=louder, summary="logits that are larger, for the same answers"),
            "crowded": Pass(run=crowded, summary="forget that padding counts, so that texts must not share a call"),
        }

    @hookimpl
    def encoders(self):
        return {
            "own": Encoder(
                hub="nobody/own",
                licence="MIT",
                languages=("en",),
                prefix="say: ",
                pooling="cls",
                package="own_pkg/model",
            )
        }

    @hookimpl
    def executors(self):
        return {
            "backwards": Executor(
                run=lambda function, items, workers: [function(i) for i in reversed(items)][::-1], summary=""
            )
        }


@pytest.fixture
def host():
    host = build_host()
    host.register(naive_bayes, "naive_bayes")
    host.register(Own(), "own")
    return host


@pytest.fixture
def run(host, tmp_path):
    """Run the naive Bayes recipe with changes; click's result, and the run if it came that far."""
    root = build_cli(host)

    def run(*words, recipe=naive_bayes.RECIPE):
        (tmp_path / "recipe.toml").write_text(recipe)
        done = CliRunner().invoke(root, ["run", str(tmp_path / "recipe.toml"), "-o", str(tmp_path / "run"), *words])
        return done, Run.load(tmp_path / "run") if (tmp_path / "run/run.json").is_file() else None

    return run


def test_the_chain_ends_in_an_accepted_bundle_that_answers(run, tmp_path, host):
    done, made = run("--json")
    assert done.exit_code == 0, done.output
    outcome = json.loads(done.stdout)
    assert outcome["accepted"] is True
    assert [stage.kind for stage in made.stages] == [
        "import",
        "clean",
        "train",
        "evaluate",
        "compress",
        "calibrate",
        "bundle",
        "measure",
        "gate",
    ]
    assert {(r.subject, r.split) for r in made.reports()} == {
        ("bayes", "dev"),
        ("bayes", "test"),
        ("bundle", "dev"),
        ("bundle", "test"),
    }
    assert made.measurement().agreement == 1
    assert made.bundle().metrics["test"]["accuracy"] > 0.3
    assert (tmp_path / "run/report.html").stat().st_size > 10_000
    assert [json.loads(line)["status"] for line in (tmp_path / "run/journal.jsonl").read_text().splitlines()] == [
        "finished"
    ] * 9
    assert open_bundle(tmp_path / "run", host=host).predict(["i want my money back"])[0].intents == ("refund",)


def test_a_bundle_has_its_own_temperature_and_is_measured_with_it(run, host, tmp_path):
    _, made = run()
    found, served = made.measurement().calibration, made.bundle().temperature
    assert served == found.fitted.temperature != 1.0
    assert found.fitted.log_loss < found.plain.log_loss
    assert found.carried.temperature == served  # the export changes nothing
    text = "i want my money back"
    (answer,), logits = (asked := open_bundle(tmp_path / "run", host=host)).predict([text]), asked.logits([text])
    assert answer.score == pytest.approx(float(probabilities(logits, served).max()))


def test_a_temperature_is_that_of_what_is_served_and_not_of_what_was_compressed(run):
    done, made = run(recipe=naive_bayes.RECIPE.replace("[gate]", '[[compress]]\nuse = "louder"\n\n[gate]'))
    assert done.exit_code == 0, done.output
    found = made.measurement().calibration
    assert made.bundle().temperature == found.fitted.temperature
    assert found.fitted.temperature == pytest.approx(LOUDER * found.carried.temperature, rel=1e-3)
    assert found.fitted.log_loss < found.carried.log_loss
    worst = next(r for r in made.reports() if (r.subject, r.split) == ("bundle", "test")).details["worst_errors"][0]
    (answer,) = open_bundle(made.path).predict([worst["text"]])
    assert (answer.intents, answer.score) == ((worst["predicted"],), pytest.approx(worst["score"]))


def test_too_few_dev_rows_give_no_temperature(run, caplog):
    done, made = run("--import.0.split", "{ train = 0.7, dev = 0.02, test = 0.28 }")
    assert done.exit_code == 0, done.output
    assert (made.measurement().calibration, made.bundle().temperature) == (None, 1.0)
    assert "no temperature is fitted" in caplog.text


def test_the_bundle_is_asked_with_texts_alone_and_among_others_and_its_nodes_are_counted(run):
    _, made = run("--gate.max_label_changes", "0", "--gate.max_score_change", "0.000001")
    found = made.measurement()
    assert found.invariance.rows == len({row.text for row in made.dataset()})
    assert found.invariance.holds
    assert found.facts == {"nodes": 3, "fused_nodes": 0, "int8_nodes": 0}
    assert found.legs == (), "the passes of this chain note no parity"
    kept = {figure["name"]: figure["kept"] for figure in made.bundle().gate["figures"]}
    assert kept.items() > {("max_label_changes", True), ("max_score_change", True)}
    assert "label changes" in (made.bundle().path / "README.md").read_text(encoding="utf-8")


def test_a_bundle_whose_answers_other_texts_change_is_published_to_be_asked_one_text_a_call(run, caplog):
    recipe = naive_bayes.RECIPE.replace("[gate]", '[[compress]]\nuse = "crowded"\n\n[gate]')
    done, made = run("--gate.max_score_change", "0.000001", recipe=recipe)
    assert done.exit_code == 0, done.output
    assert "the server will run this bundle with batch size 1" in caplog.text
    assert (made.bundle().model.rows_per_call, made.bundle().accepted) == (1, True)
    assert made.measurement().invariance.max_score_difference == 0.0


def test_augmented_rows_are_train_rows_with_a_parent(run):
    done, made = run("--augment.use", '["shout"]')
    assert done.exit_code == 0, done.output
    added = [row for row in made.dataset() if row.origin == "augment:shout"]
    parents = {row.id: row for row in made.dataset()}
    assert 100 < len(added) < 400
    assert all(row.split == "train" and parents[row.meta["parent"]].intents == row.intents for row in added)
    again = [row.id for row in run("--augment.use", '["shout"]', "--force")[1].dataset()]
    assert again == [row.id for row in made.dataset()]


def test_a_broken_budget_is_exit_3_with_its_figure_and_the_bundle_says_so(run):
    done, made = run("--gate.max_rows", "10")
    assert done.exit_code == 3
    assert "the gate refuses the bundle: max_rows is 98, budget 10" in done.stderr
    assert made.bundle().accepted is False
    assert [stage.status for stage in run("--gate.max_rows", "1000")[1].stages][:-1] == ["cached"] * 8


def test_what_earlier_runs_left_is_dropped_when_asked_unless_the_gate_refuses(run, tmp_path):
    def folders():
        return {folder.name for folder in (tmp_path / "run/stages").iterdir()}

    _, first = run()
    assert run("--seed", "6", "--gate.max_rows", "10", "--drop-old")[0].exit_code == 3
    assert folders() > {stage.path.parent.name for stage in first.stages}
    (tmp_path / "run/stages/.train-00000000.partial").mkdir()  # of a run that was killed
    done, last = run("--seed", "6", "--drop-old")
    assert done.exit_code == 0, done.output
    assert folders() == {stage.path.parent.name for stage in last.stages}
    assert {stage.status for stage in run("--seed", "6")[1].stages} == {"cached"}


def test_without_a_gate_the_bundle_is_not_judged(run):
    recipe = naive_bayes.RECIPE.partition("[gate]")[0]
    done, made = run(recipe=recipe)
    assert done.exit_code == 0, done.output
    assert made.bundle().accepted is None


def test_without_a_pass_that_exports_the_error_says_what_to_add(run):
    done, _ = run("--compress.0.use", "nothing")
    assert done.exit_code == 2
    done, _ = run(recipe=naive_bayes.RECIPE.replace('[train]\nuse = "bayes"', ""))
    assert done.exit_code == 1
    assert "Add [train]" in done.stderr


def test_a_plugins_encoder_is_found_where_it_says(host, tmp_path, monkeypatch):
    folder = tmp_path / "own_pkg/model"
    folder.mkdir(parents=True)
    (tmp_path / "own_pkg/__init__.py").write_text("")
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"x")
    monkeypatch.syspath_prepend(tmp_path)
    found = find_encoder("own", host.registry("encoders"))
    assert (found.path, found.prefix, found.pooling) == (folder, "say: ", "cls")


def test_an_executor_keeps_the_order_of_its_items(host):
    assert host.registry("executors")["backwards"](str, [1, 2, 3], 2) == ["1", "2", "3"]
