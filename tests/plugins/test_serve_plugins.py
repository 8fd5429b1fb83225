"""What third parties add to the server: routes, observers, and what the service gives them."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import threading
import time

import httpx
import pytest
from fastapi import Request

from tests.bundles import write_bundle
from tests.serving.live import live
from workbench.api import WorkbenchError, build_host, hookimpl
from workbench.api.serving import Service
from workbench.errors import GateRefused, UsageProblem
from workbench_serve.api import create_app
from workbench_serve.limits import InvalidRequest, Limits
from workbench_serve.observers import Observers
from workbench_serve.service import BundleService


class Shadow:
    """A third-party plugin: routes of its own, and a list of what was answered."""

    def __init__(self):
        self.records, self.state = [], "idle"

    @hookimpl
    def register_routes(self, app, service: Service):
        @app.get("/label")
        def label(text: str):
            return service.predict([text], top=1)[0].intents[0]

        @app.post("/long")
        async def long(request: Request):
            return len(await request.body())

        service.allow_bytes("/long", 3000)
        service.add_job("shadow", lambda: {"state": self.state, "seconds": 1.5})

        @app.get("/fault")
        def fault():
            raise RuntimeError("the password is secret")

    @hookimpl
    def request_answered(self, record):
        self.records.append(record)


@pytest.fixture
def plugged():
    """A fresh host with the plugin `shadow`."""
    host = build_host()
    host.register(shadow := Shadow(), "shadow")
    host.shadow = shadow
    return host


def test_a_plugin_adds_routes_that_ask_the_service(plugged, bundle):
    with live(plugged, bundle) as client:
        assert client.get("/label", params={"text": "要退款"}).json() == "退款"
        assert "/label" in client.get("/openapi.json").json()["paths"]


def test_everybody_sees_the_jobs_of_plugins(plugged, bundle):
    with live(plugged, bundle) as client:
        assert client.get("/jobs").json()["shadow"] == {"state": "idle", "seconds": 1.5}
        plugged.shadow.state = "running"
        assert client.get("/jobs").json()["shadow"]["state"] == "running"
        assert client.service.job_status() == client.get("/jobs").json()
        with pytest.raises(ValueError, match="a job named 'shadow' already"):
            client.service.add_job("shadow", dict)


ODD = (dict, lambda: {"state": 3}, lambda: {"state": "\ud800"}, lambda: {"state": "", "x": float("nan")}, lambda: 1 / 0)


@pytest.mark.parametrize("status", ODD)
def test_a_job_that_cannot_tell_its_state_hides_no_other(plugged, bundle, caplog, status):
    with live(plugged, bundle) as client:
        client.service.add_job("broken", status)
        jobs = client.get("/jobs").json()
    assert jobs["shadow"]["state"] == "idle"
    assert jobs["broken"]["state"] == "unknown"
    assert "the status function of the job broken failed" in caplog.text


def test_a_route_that_allows_more_bytes_gets_them_and_no_other_does(plugged, bundle):
    with live(plugged, bundle, limits=Limits(bytes=1000)) as client:
        assert client.post("/long", content=b"x" * 3000).json() == 3000
        assert client.post("/long", content=b"x" * 3001).status_code == 413
        assert client.post("/predict", json={"text": "x" * 1000}).status_code == 413


def test_each_text_is_asked_and_what_has_no_answer_spoils_no_other(plugged, bundle):
    texts = ["退款", " ", "where is my parcel", "refund " * 20] * 40
    with live(plugged, bundle, limits=Limits(texts=10, characters=100)) as client:
        answers = client.service.predict_each(texts).result(30)
    assert (answers.served.bundle, answers.served.id) == (bundle, bundle.id)
    intents = [prediction and prediction.intents for prediction in answers.predictions]
    assert intents == [("退款",), None, ("delivery",), None] * 40
    (record,) = plugged.shadow.records
    assert (record["count"], len(record["intents"])) == (80, 80)


def test_a_plugin_that_refuses_its_settings_is_heard_as_it_is(bundle):
    class Strict:
        @hookimpl
        def register_routes(self, app):
            raise UsageProblem("is odd", where="SETTING")

    host = build_host()
    host.register(Strict(), "strict")
    with pytest.raises(UsageProblem, match=r"^SETTING: is odd$"):
        create_app(host, BundleService(host, bundle.path))


def test_a_plugins_route_refuses_what_predict_refuses(plugged, bundle):
    with live(plugged, bundle, limits=Limits(characters=5)) as client:
        for text, detail in (
            ("", "the text: is blank"),
            ("refund", "the text: has 6 characters, at most 5 are allowed"),
        ):
            answer = client.get("/label", params={"text": text})
            assert (answer.status_code, answer.json()) == (422, {"detail": detail})
        missing = client.get("/label")
        assert (missing.status_code, missing.json()) == (422, {"detail": "text: Field required"})


def test_a_fault_is_logged_and_tells_the_caller_nothing(plugged, bundle, caplog):
    with live(plugged, bundle) as client:
        answer = client.get("/fault")
        assert answer.status_code == 500
        assert answer.json() == {"detail": "internal error of the server; see its log"}
        assert client.get("/label", params={"text": "refund"}).status_code == 200
        assert client.get("/health").status_code == 200
    assert "the request GET '/fault' failed" in caplog.text
    assert "the password is secret" in caplog.text


def test_observers_get_a_record_of_each_answer(plugged, bundle):
    with live(plugged, bundle) as client:
        client.post("/predict", json={"text": ["退款", "where is my parcel"]})
        client.get("/label", params={"text": "refund"})
        client.post("/predict", json={"text": " "})
    first, second = plugged.shadow.records
    assert (first["bundle"], first["count"], first["intents"]) == (bundle.id, 2, [("退款",), ("delivery",)])
    assert all(0.9 < score <= 1 for score in first["scores"])
    assert 0 < first["seconds"] < 10
    assert (second["count"], second["intents"]) == (1, [("退款",)])
    json.dumps(first)


def test_an_observer_that_raises_is_logged_by_name_and_fails_no_request(plugged, bundle, caplog):
    class Faulty:
        @hookimpl
        def request_answered(self, record):
            raise RuntimeError("no room")

    plugged.register(Faulty(), "faulty")
    with live(plugged, bundle) as client:
        assert client.post("/predict", json={"text": "退款"}).status_code == 200
    assert "plugin faulty failed in request_answered" in caplog.text
    assert len(plugged.shadow.records) == 1


def test_a_slow_observer_delays_no_answer(bundle):
    class Slow:
        seen = 0

        @hookimpl
        def request_answered(self, record):
            time.sleep(0.4)
            self.seen += 1

    host = build_host()
    host.register(slow := Slow(), "slow")
    with live(host, bundle) as client:
        begun = time.monotonic()
        for _ in range(4):
            assert client.post("/predict", json={"text": "退款"}).status_code == 200
        assert time.monotonic() - begun < 1.2
    assert slow.seen == 4


def test_records_that_nobody_can_keep_up_with_are_dropped_and_counted(caplog):
    gate = threading.Event()

    class Stuck:
        @hookimpl
        def request_answered(self, record):
            gate.wait(10)

    host = build_host()
    host.register(Stuck(), "stuck")
    observers = Observers(host, waiting=3)
    for number in range(20):
        observers.put({"count": number})
    assert observers.dropped >= 16
    gate.set()
    observers.close()
    assert f"missed {observers.dropped} records" in caplog.text


def test_a_plugin_that_fails_to_add_its_routes_is_named(bundle):
    class Broken:
        @hookimpl
        def register_routes(self, app):
            raise KeyError("port")

    host = build_host()
    host.register(Broken(), "broken")
    with pytest.raises(WorkbenchError, match="plugin broken failed to add its routes: KeyError: 'port'"):
        create_app(host, BundleService(host, bundle.path))


def test_a_swap_under_load_loses_no_request_and_mixes_no_answers(plugged, bundle, tmp_path):
    soft = write_bundle(tmp_path / "soft", temperature=50.0)
    expected = {bundle.id: 0.9999546, soft.id: 0.5498340}
    problems, stop = [], threading.Event()
    with live(plugged, bundle, threads=2) as client:

        def load():
            with httpx.Client(base_url=client.base_url, timeout=30) as mine:
                while not stop.is_set():
                    answer = mine.post("/predict", json={"text": "退款"})
                    if answer.status_code != 200:
                        problems.append(answer.text)

        threads = [threading.Thread(target=load) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(20):
            swapped = client.service.swap((soft if number % 2 == 0 else bundle).path)
            assert client.get("/health").json()["bundle"] == swapped.id
        stop.set()
        for thread in threads:
            thread.join()
    assert problems == []
    assert {record["bundle"] for record in plugged.shadow.records} == set(expected)
    for record in plugged.shadow.records:
        assert record["scores"] == [pytest.approx(expected[record["bundle"]], abs=1e-6)]


def test_a_swap_that_fails_leaves_the_old_bundle_answering(plugged, bundle, tmp_path):
    broken, refused = tmp_path / "broken", write_bundle(tmp_path / "refused", gate={"accepted": False, "figures": []})
    shutil.copytree(bundle.path, broken)
    (broken / "model.onnx").write_bytes(b"not this")
    numberless = write_bundle(tmp_path / "numberless", scale=float("nan"))
    with live(plugged, bundle) as client:
        for path, error in (
            (broken, WorkbenchError),
            (refused.path, GateRefused),
            (numberless.path, WorkbenchError),
            (tmp_path / "nowhere", WorkbenchError),
        ):
            with pytest.raises(error):
                client.service.swap(path)
            assert client.service.bundle == bundle
            assert client.post("/predict", json={"text": "退款"}).json()["intents"] == ["退款"]


@pytest.mark.parametrize("normalization", [(), ("repair-1",)])
def test_half_a_surrogate_pair_is_answered_whatever_the_bundle_normalizes(plugged, tmp_path, normalization):
    made = write_bundle(tmp_path / "b")
    made = dataclasses.replace(made, model=dataclasses.replace(made.model, normalization=normalization)).save()
    with live(plugged, made) as client:
        client.headers["content-type"] = "application/json"
        for text in ("\\ud800 refund", "refund \\udc00\\ud800", "refund \\ud83d\\ude00"):
            answer = client.post("/predict", content=f'{{"text": "{text}"}}')
            assert (answer.status_code, answer.json()["intents"]) == (200, ["退款"])


def test_ungated_takes_what_was_never_judged(tmp_path):
    unjudged = write_bundle(tmp_path / "unjudged", gate=None)
    with pytest.raises(WorkbenchError, match="no gate has checked"):
        BundleService(build_host(), unjudged.path)
    assert BundleService(build_host(), unjudged.path, ungated=True).bundle.accepted is None


def test_the_service_is_what_the_host_promises_to_plugins(bundle):
    service: Service = BundleService(build_host(), bundle.path)
    promised = {name for name in vars(Service) if not name.startswith("_")}
    assert promised <= set(dir(service))
    with pytest.raises(InvalidRequest):
        service.predict(["refund", "\u200b"])


@pytest.fixture(autouse=True)
def _log(caplog):
    caplog.set_level(logging.WARNING)
