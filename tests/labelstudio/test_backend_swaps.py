"""A bundle that takes over from another: what comes in between, and what goes wrong at it."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.bundles import write_bundle
from tests.labelstudio.backend import CONFIG, ended, job_of, until
from tests.serving.live import PATIENCE, held, live
from workbench.api import build_host

RETRAINING = "workbench_labelstudio.live.retraining"
RECIPE = '[[import]]\nreader = "csv"\nsource = "rows.csv"\n'


@pytest.fixture
def command(monkeypatch, tmp_path):
    """`command(code)` has a retraining run that instead of a recipe."""
    (tmp_path / "recipe.toml").write_text(RECIPE)
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_RECIPE", str(tmp_path / "recipe.toml"))
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_RUN", str(tmp_path / "run"))
    return lambda code: monkeypatch.setattr(f"{RETRAINING}.run_command", lambda *_: [sys.executable, "-c", code])


def start(client):
    assert client.post("/label-studio/train", json={}).status_code == 200


def test_a_swap_that_fails_in_any_way_is_told_and_the_next_run_is_not_taken_for_it(
    bundle, command, monkeypatch, tmp_path
):
    command("pass")
    new, opening, go = write_bundle(tmp_path / "new", temperature=50.0), threading.Event(), threading.Event()
    with live(build_host(), bundle, mounts=["label-studio"]) as client:
        swap = client.service.swap

        def fail(path):
            raise OSError("the disk is full")

        def slowly(path):
            opening.set()
            assert go.wait(PATIENCE)
            return swap(new.path)

        monkeypatch.setattr(client.service, "swap", fail)
        start(client)
        job = ended(client)
        assert (job["state"], job["message"], job["bundle"]) == ("failed", "OSError: the disk is full", bundle.id)
        monkeypatch.setattr(client.service, "swap", slowly)
        for number in range(2):
            opening.clear()
            go.clear()
            start(client)
            assert opening.wait(PATIENCE)
            job = job_of(client)
            assert (job["state"], job["bundle"]) == ("running", new.id if number else bundle.id)
            go.set()
            assert ended(client)["bundle"] == new.id


def test_a_training_that_fails_is_tried_again_and_its_output_kept(bundle, command, monkeypatch, tmp_path):
    monkeypatch.setattr(f"{RETRAINING}.RETRY", 0.2)
    monkeypatch.setenv("RUNS", str(runs := tmp_path / "runs"))
    command("import os, sys; open(os.environ['RUNS'], 'a').write('x'); sys.exit('the server is down')")
    with live(build_host(), bundle, mounts=["label-studio"]) as client:
        start(client)
        until(lambda: runs.exists() and len(runs.read_text()) > 1)
    assert "the server is down" in (tmp_path / "run.log").read_text()


BODY = {"tasks": [{"data": {"正文": "退款"}}], "label_config": CONFIG}


@pytest.fixture
def soft(tmp_path):
    """A bundle that is less sure."""
    return write_bundle(tmp_path / "soft", temperature=50.0)


def told(answer):
    (result,) = answer.json()["results"]
    return result["model_version"], round(result["score"], 2)


def test_what_the_old_bundle_answers_during_a_swap_stands_under_its_own_version(bundle, soft):
    with live(build_host(), bundle, mounts=["label-studio"]) as client, ThreadPoolExecutor() as pool:
        with held(client.service) as predictor:
            asked = pool.submit(client.post, "/label-studio/predict", json=BODY)
            predictor.wait_for(1)
            client.service.swap(soft.path)
        assert told(asked.result(PATIENCE)) == (f"words-{bundle.id}", 1.0)
        assert told(client.post("/label-studio/predict", json=BODY)) == (f"soft-{soft.id}", 0.55)


def test_a_swap_before_the_texts_are_asked_has_them_read_anew(bundle, soft, monkeypatch):
    with live(build_host(), bundle, mounts=["label-studio"]) as client:
        ask, asked = client.service.predict_each, []

        def predict_each(texts):
            if not asked:
                client.service.swap(soft.path)
            asked.append(texts)
            return ask(texts)

        monkeypatch.setattr(client.service, "predict_each", predict_each)
        assert told(client.post("/label-studio/predict", json=BODY)) == (f"soft-{soft.id}", 0.55)
    assert asked == [["退款"], ["退款"]]
