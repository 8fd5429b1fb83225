"""A served bundle asked by a real Label Studio for many tasks at once, and by others for what it does not know."""

from __future__ import annotations

from tests.label_studio import TOKEN
from tests.labelstudio.backend import MOUNTED
from tests.labelstudio.project import CONFIG, TEXTS, tasks, with_texts


def test_the_data_manager_gets_a_prediction_of_every_task(label_studio, workbench, serving, bundle, monkeypatch):
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    project, _ = with_texts(label_studio, [*TEXTS, " "])
    with serving(bundle.path, *MOUNTED) as server, label_studio.http() as http:
        assert workbench("labelstudio", "backend", project, server.client.base_url).exit_code == 0
        body = {"selectedItems": {"all": True, "excluded": []}}
        params = {"id": "retrieve_tasks_predictions", "project": project}
        http.post("/api/dm/actions", params=params, json=body).raise_for_status()
    found = {task["data"]["text"]: task["predictions"] for task in tasks(label_studio, project)}
    assert {len(predictions) for predictions in found.values()} == {1}
    (sure,), (blank,) = found["我要退款"], found[" "]
    assert sure["result"][0]["value"] == {"choices": ["退款"]}
    assert sure["score"] > 0.9
    assert (blank["result"], blank["score"]) == ([], None)
    assert {sure["model_version"], blank["model_version"]} == {f"words-{bundle.id}"}


def test_what_is_no_request_of_label_studio_is_refused(serving, bundle):
    with serving(bundle.path, *MOUNTED) as server:
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
