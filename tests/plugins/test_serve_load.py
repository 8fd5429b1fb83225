"""The server under load: who waits, who is refused, who is given up; nothing here depends on how fast it is."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import pytest

from tests.serving.live import PATIENCE, held, held_live
from workbench.api import build_host, hookimpl
from workbench_serve import service as serving
from workbench_serve.limits import SLICE, InvalidRequest, Limits
from workbench_serve.request_queue import Unavailable
from workbench_serve.service import BundleService

LARGE = [f"where is parcel {number}" for number in range(3 * SLICE)]


def test_a_small_request_gets_in_between_the_slices_of_a_large_one(bundle):
    service = BundleService(build_host(), bundle.path, threads=1)
    with held(service) as predictor:
        large = service.submit(LARGE, top=1, finish=list)
        small = service.submit(["refund"], top=1, finish=list)
        predictor.go.set()
        assert len(large.result(PATIENCE)) == len(LARGE)
        assert small.result(PATIENCE)[0].intents == ("退款",)
    assert predictor.asked == [LARGE[:SLICE], ["refund"], LARGE[SLICE : 2 * SLICE], LARGE[2 * SLICE :]]


def test_the_service_answers_from_any_thread_and_no_more_at_a_time_than_it_has_threads(bundle):
    service = BundleService(build_host(), bundle.path, threads=2)
    with held(service) as predictor, ThreadPoolExecutor(10) as threads:
        answers = [threads.submit(service.predict, ["退款"]) for _ in range(10)]
        predictor.wait_for(2)  # both at once, as neither is let go
        assert not predictor.begun.acquire(timeout=0.2)
        predictor.go.set()
        assert [answer.result(PATIENCE)[0].intents for answer in answers] == [("退款",)] * 10


def test_normalisation_takes_place_in_a_turn(bundle, monkeypatch):
    threads = []
    monkeypatch.setattr(serving, "text_problem", lambda *_: threads.append(threading.current_thread().name))
    BundleService(build_host(), bundle.path).predict(LARGE)
    assert len(threads) == len(LARGE)
    assert all(name.startswith("slice") for name in threads)


def test_the_number_of_a_blank_text_counts_from_the_first_slice(bundle):
    with pytest.raises(InvalidRequest, match=f"^text {len(LARGE)}: is blank$"):
        BundleService(build_host(), bundle.path).predict([*LARGE, " ", ""])


def test_as_many_as_may_wait_are_answered_the_others_get_503_and_health_never_waits(bundle):
    with (
        held_live(bundle, threads=1, limits=Limits(waiting=2)) as (client, predictor),
        ThreadPoolExecutor(8) as threads,
    ):
        posts = as_completed([threads.submit(client.post, "/predict", json={"text": LARGE}) for _ in range(8)])
        refused = [next(posts).result() for _ in range(5)]
        assert client.get("/health").status_code == 200
        predictor.go.set()
        answered = [post.result() for post in posts]
    assert [answer.status_code for answer in answered] == [200] * 3
    assert all(len(answer.json()) == len(LARGE) for answer in answered)
    for answer in refused:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json() == {"detail": "the server is busy with 3 requests. Try again in a moment."}


class Threaded:
    """A third party's route that runs in a thread, as most do."""

    @hookimpl
    def register_routes(self, app):
        @app.get("/thread")
        def thread():
            return "done"


def test_more_large_requests_than_there_are_threads_for_routes_take_none_of_them(bundle):
    host = build_host()
    host.register(Threaded(), "threaded")
    with held_live(bundle, host=host, threads=1) as (client, predictor), ThreadPoolExecutor(50) as threads:
        posts = [threads.submit(client.post, "/predict", json={"text": LARGE}) for _ in range(50)]
        while client.service.queue._places._value > 65 - len(posts):
            time.sleep(0.01)
        assert client.get("/thread").json() == "done"
        predictor.go.set()
        assert {post.result().status_code for post in posts} == {200}


CONFIG = (
    '<View><Text name="t" value="$text"/><Choices name="i" toName="t">'
    '<Choice value="退款"/><Choice value="delivery"/></Choices></View>'
)
BODIES = {
    "/predict": {"text": LARGE},
    "/label-studio/predict": {"tasks": [{"data": {"text": text}} for text in LARGE], "label_config": CONFIG},
}


@contextlib.contextmanager
def posted(client, path):
    """A large request of a client that goes away at the end of the block."""
    body = json.dumps(BODIES[path]).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
        connection.sendall(head.encode() + body)
        yield


@pytest.mark.parametrize("path", BODIES)
def test_a_request_whose_client_has_left_gives_its_place_up_and_is_not_done_to_its_end(bundle, caplog, path):
    mounted = {"mounts": ["label-studio"], "threads": 1, "limits": Limits(waiting=0)}
    with held_live(bundle, **mounted) as (client, predictor):
        with posted(client, path):
            predictor.wait_for(1)
        after = ask_once_there_is_a_place(client.service)
        predictor.go.set()
        assert after.result(PATIENCE)[0].intents == ("退款",)
        assert client.get("/health").status_code == 200
    assert predictor.asked == [LARGE[:SLICE], ["refund"]]
    assert caplog.text == ""


@pytest.mark.parametrize("path", BODIES)
def test_a_request_whose_client_left_while_it_waited_is_never_begun(bundle, path):
    with held_live(bundle, mounts=["label-studio"], threads=1, limits=Limits(waiting=1)) as (client, predictor):
        first = client.service.submit(["refund"], top=1, finish=list)
        predictor.wait_for(1)
        with posted(client, path):
            wait_until_full(client.service)
        after = ask_once_there_is_a_place(client.service)
        predictor.go.set()
        assert first.result(PATIENCE) == after.result(PATIENCE)
    assert predictor.asked == [["refund"], ["refund"]]


def wait_until_full(service):
    """Until the queue has no place left."""
    deadline = time.monotonic() + PATIENCE
    while service.queue._places._value:
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Watcher:
    """A third party's observer."""

    def __init__(self):
        self.records = []

    @hookimpl
    def request_answered(self, record):
        self.records.append(record)


def test_observers_hear_nothing_of_a_request_that_was_cancelled(bundle):
    host = build_host()
    host.register(watcher := Watcher(), "watcher")
    with held_live(bundle, host=host, threads=1) as (client, predictor):
        gone = client.service.submit(["refund"], top=1, finish=list)
        predictor.wait_for(1)
        assert gone.cancel()
        after = client.service.submit(["where is my parcel"], top=1, finish=list)
        predictor.go.set()
        after.result(PATIENCE)
    assert [record["intents"] for record in watcher.records] == [[("delivery",)]]


def ask_once_there_is_a_place(service):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return service.submit(["refund"], top=1, finish=list)
        except Unavailable:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_once_the_end_has_begun_new_requests_get_503(bundle):
    with held_live(bundle, threads=1) as (client, predictor), ThreadPoolExecutor(1) as threads:
        before = threads.submit(client.post, "/predict", json={"text": LARGE})
        predictor.wait_for(1)
        client.service.queue.close()
        late = client.post("/predict", json={"text": "refund"})
        assert (late.status_code, late.json()) == (503, {"detail": "the server is shutting down"})
        predictor.go.set()
        assert before.result().status_code == 200
