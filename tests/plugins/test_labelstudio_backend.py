"""A served bundle as the model of a project, against a real Label Studio."""

from __future__ import annotations

import json
import textwrap
import time

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio_project import CONFIG, TEXTS, add_texts, label, with_texts

PASSWORD = "open-sesame-7f3a"


@pytest.fixture
def attach(label_studio, workbench, monkeypatch, tmp_path):
    """`attach(project, url, *words)`: what `workbench labelstudio backend` says."""
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    return lambda *words: workbench("labelstudio", "backend", *words, "--json")


def backends(server, project):
    with server.http() as http:
        return http.get("/api/ml", params={"project": project}).json()


def retrieve(server, project):
    with server.http() as http:
        body = {"selectedItems": {"all": True, "excluded": []}}
        params = {"id": "retrieve_tasks_predictions", "project": project}
        http.post("/api/dm/actions", params=params, json=body).raise_for_status()


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.2)
    return found


def test_label_studio_reports_it_as_connected_and_asks_it_for_predictions(label_studio, attach, serving, bundle):
    project, _ = with_texts(label_studio, [*TEXTS, " "])
    with serving(bundle.path) as server:
        done = attach(project, str(server.client.base_url))
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["state"] == "Connected"
        again = json.loads(attach(project, str(server.client.base_url)).stdout)
        assert again["id"] == json.loads(done.stdout)["id"]
        assert [backend["state"] for backend in backends(label_studio, project)] == ["CO"]
        retrieve(label_studio, project)
        stands = predictions_or_none(label_studio, project)[f"words-{bundle.id}"]
        assert stands["我要退款"][0] == ["退款"]
        assert stands["我要退款"][1] > 0.9
        assert stands[" "] == ([], None)
        add_texts(label_studio, project, ["my money please"])
        retrieve(label_studio, project)
        assert predictions_or_none(label_studio, project)[f"words-{bundle.id}"]["my money please"][0] == ["退款"]
        removed = json.loads(attach(project, str(server.client.base_url), "--remove").stdout)
        assert removed["done"] == "removed"
    assert backends(label_studio, project) == []


def predictions_or_none(server, project):
    """As `predictions`, also where a prediction is empty."""
    with server.http() as http:
        params = {"project": project, "fields": "all", "page_size": 1000}
        found: dict = {}
        for task in http.get("/api/tasks", params=params).json()["tasks"]:
            for one in task["predictions"]:
                value = next(iter(one["result"][0]["value"].values())) if one["result"] else []
                found.setdefault(one["model_version"], {})[task["data"]["text"]] = (value, one["score"])
        return found


def test_it_answers_only_those_who_know_the_password(label_studio, attach, serving, bundle, monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_USER", "studio")
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_PASSWORD", PASSWORD)
    project, _ = with_texts(label_studio)
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text(PASSWORD)
    wrong.write_text("guess")
    with serving(bundle.path) as server:
        url = str(server.client.base_url)
        assert server.client.get("/label-studio/health").status_code == 401
        refused = attach(project, url, "--user", "studio", "--password-file", wrong)
        assert refused.exit_code == 1
        assert "WORKBENCH_LABELSTUDIO_USER" in refused.stderr
        done = attach(project, url, "--user", "studio", "--password-file", right)
        assert done.exit_code == 0, done.output
        assert PASSWORD not in done.output
        assert [backend["state"] for backend in backends(label_studio, project)] == ["CO"]


def test_a_config_without_the_bundles_intents_is_refused_with_the_reason(label_studio, attach, serving, bundle):
    config = CONFIG.replace("delivery", "a").replace("退款", "b")
    project, _ = with_texts(label_studio, config=config)
    with serving(bundle.path) as server:
        done = attach(project, str(server.client.base_url))
        assert done.exit_code == 1, done.output


def test_the_address_of_nobody_ends_in_one_line(label_studio, attach):
    project, _ = with_texts(label_studio)
    done = attach(project, "http://127.0.0.1:9")
    assert done.exit_code == 1
    assert "is not connected" in done.stderr
    assert "Traceback" not in done.output


def test_without_a_recipe_start_training_says_so(label_studio, attach, serving, bundle):
    project, _ = with_texts(label_studio)
    with serving(bundle.path) as server:
        backend = json.loads(attach(project, str(server.client.base_url)).stdout)["id"]
        with label_studio.http() as http:
            http.post(f"/api/ml/{backend}/train", json={})
        jobs = server.client.get("/jobs").json()
        assert jobs["label-studio-retraining"]["state"] == "unavailable"
        assert "WORKBENCH_LABELSTUDIO_RECIPE" in jobs["label-studio-retraining"]["message"]


RECIPE = """
    seed = 13
    [[import]]
    reader = "labelstudio"
    source = "{project}"
    split = {{ train = 0.8, dev = 0.2 }}
    [train]
    use = "probe"
    encoder = "{encoder}"
    [[compress]]
    use = "onnx"
    [gate]
    {gate}
"""


@pytest.mark.parametrize("gate", ["max_size_mb = 100", "max_size_mb = 0.001"], ids=["accepted", "refused"])
def test_start_training_trains_and_swaps_what_the_gate_accepts(
    gate, label_studio, attach, serving, bundle, monkeypatch, tmp_path, tiny_encoder
):
    texts = [f"{text} {n}" for n in range(6) for text in TEXTS[:4]]
    project, ids = with_texts(label_studio, texts)
    for text, task in ids.items():
        label(label_studio, task, "退款" if "money" in text or "退" in text else "delivery")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(textwrap.dedent(RECIPE).format(project=project, encoder=tiny_encoder, gate=gate))
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_RECIPE", str(recipe))
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with serving(bundle.path) as server:
        done = attach(project, str(server.client.base_url))
        with label_studio.http() as http:
            http.post(f"/api/ml/{json.loads(done.stdout)['id']}/train", json={}).raise_for_status()

        def ended():
            job = server.client.get("/jobs").json()["label-studio-retraining"]
            return job if job["state"] in ("succeeded", "refused", "failed", "unavailable") else None

        job = until(ended, 120)
        now = server.client.get("/health").json()["bundle"]
        if "0.001" in gate:
            assert (job["state"], now) == ("refused", bundle.id)
        else:
            assert job["state"] == "succeeded", job
            assert now == job["bundle"] != bundle.id
            retrieve(label_studio, project)
            assert f"run-{now}" in predictions_or_none(label_studio, project)


def test_what_is_no_request_of_label_studio_is_refused(serving, bundle):
    with serving(bundle.path) as server:
        post = server.client.post
        assert (
            post("/label-studio/predict", content=b"{", headers={"content-type": "application/json"}).status_code == 422
        )
        assert post("/label-studio/predict", json={"tasks": {}, "label_config": CONFIG}).status_code == 422
        assert post("/label-studio/webhook", json={"action": "NEWS"}).json() == {"status": "ignored"}
        long = {"data": {"text": "parcel " * 700_000}}
        answer = post(
            "/label-studio/predict", json={"tasks": [long, {"data": {"text": "退款"}}], "label_config": CONFIG}
        )
        first, second = answer.json()["results"]
        assert first["result"] == []
        assert second["result"][0]["value"] == {"choices": ["退款"]}
