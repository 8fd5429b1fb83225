"""How `workbench serve` starts, declines to start, and ends."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import uvicorn

from tests.bundles import write_bundle
from tests.serving import SLOW_PLUGIN
from tests.serving.live import live
from workbench.api import build_host
from workbench_serve.middleware import FaultResponses

REFUSED = {
    "accepted": False,
    "figures": [
        {"name": "max_size_mb", "value": 30.0, "limit": 25.0, "unit": "MB", "kept": False, "later": 1},
        {"name": "min_agreement", "value": 0.99, "limit": 0.9, "unit": "share", "kept": True},
    ],
}


def wait_for_started(server, count):
    """Until the slow plugin has begun to answer so many."""
    deadline = time.monotonic() + 10
    while server.client.get("/started").json() < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def declines(workbench, monkeypatch):
    """Run `workbench serve` in this process, where it must not come to serving."""

    def run(*arguments):
        before = signal.getsignal(signal.SIGTERM)
        monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: pytest.fail("it serves"))
        done = workbench("serve", *arguments)
        assert signal.getsignal(signal.SIGTERM) is before
        assert "Serving" not in done.stderr
        assert done.stderr.count("\n") == 1
        return done

    return run


def test_a_refused_bundle_is_declined_with_the_figure_and_exit_code_3(declines, tmp_path):
    done = declines(write_bundle(tmp_path / "b", gate=REFUSED).path)
    assert done.exit_code == 3
    assert "the gate refused this bundle: max_size_mb: 30 MB, budget 25 MB" in done.stderr
    assert "min_agreement" not in done.stderr
    assert "--ungated" in done.stderr


def test_a_bundle_that_was_never_judged_is_declined_with_the_remedy(declines, tmp_path):
    done = declines(write_bundle(tmp_path / "b", gate=None).path)
    assert done.exit_code == 1
    assert "no gate has checked this bundle" in done.stderr
    assert "--ungated" in done.stderr


def test_ungated_serves_a_refused_one_and_health_tells(serving, tmp_path):
    with serving(write_bundle(tmp_path / "b", gate=REFUSED).path, "--ungated") as server:
        assert server.client.get("/health").json()["accepted"] is False


def test_a_damaged_bundle_is_not_served(declines, tmp_path):
    folder = write_bundle(tmp_path / "b").path
    (folder / "tokenizer.json").unlink()
    done = declines(folder)
    assert done.exit_code == 1
    assert f"{folder / 'tokenizer.json'}: is missing" in done.stderr


def test_a_model_that_gives_no_numbers_is_found_before_the_port_is_announced(declines, tmp_path):
    done = declines(write_bundle(tmp_path / "b", scale=float("nan")).path)
    assert done.exit_code == 1
    assert "not finite" in done.stderr


def test_a_port_in_use_is_one_line(declines, bundle):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = declines(bundle.path, "--port", port)
    assert done.exit_code == 1
    assert done.stderr == (
        f"Error: 127.0.0.1:{port}: another program already listens at this address. "
        "Stop the other program, or choose another port; --port 0 takes a free port.\n"
    )


@pytest.mark.parametrize("address", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_one_line(declines, bundle, address):
    done = declines(bundle.path, "--host", address)
    assert done.exit_code == 1
    assert f"Error: {address}:8080: cannot listen at this address: " in done.stderr


def test_the_announcement_is_one_line_with_the_address_and_the_documentation(serving, bundle):
    with serving(bundle.path) as server:
        url = str(server.client.base_url).rstrip("/")
        assert server.announcement == f"Serving bundle {bundle.id} (2 intents) at {url} - try requests at {url}/docs\n"
        assert server.stop() == 0
        assert server.process.stderr.read() == ""


def test_at_ipv6_too_it_serves_until_ctrl_c_which_is_130(serving, bundle):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("there is no IPv6 loopback here")
    with serving(bundle.path, "--host", "::1") as server:
        assert str(server.client.base_url).startswith("http://[::1]:")
        assert server.client.get("/health").status_code == 200
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(30) == 130
        assert "Traceback" not in server.process.stderr.read()


def test_a_kept_alive_connection_sends_each_response_at_once(bundle):
    """With TCP_NODELAY; otherwise the body of each response waits for the ACK of its head, 44 ms."""
    with live(build_host(), bundle) as client:
        for _ in range(3):
            assert client.post("/predict", json={"text": "退款"}).status_code == 200
        (connection,) = client.server.server_state.connections  # one for all three requests
        accepted = connection.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_sigterm_answers_what_is_in_flight_takes_nothing_new_and_exits_with_0(serving, bundle):
    with serving(bundle.path, program=SLOW_PLUGIN) as server:
        address, answers = server.client.base_url.join("/slow"), []
        waiting = [threading.Thread(target=lambda: answers.append(httpx.get(address, timeout=30))) for _ in range(3)]
        for thread in waiting:
            thread.start()
        wait_for_started(server, 3)
        server.process.terminate()
        time.sleep(0.3)
        with pytest.raises(httpx.ConnectError):
            httpx.get(server.client.base_url.join("/health"))
        assert server.process.wait(30) == 0
        for thread in waiting:
            thread.join()
        assert [(answer.status_code, answer.json()) for answer in answers] == [(200, "done")] * 3


def test_what_is_left_after_the_grace_period_gets_503_and_the_exit_code_is_0(serving, bundle):
    arguments = ("--slow-slices", "--threads", "1", "--grace", "1")
    with serving(bundle.path, *arguments, program=SLOW_PLUGIN) as server, ThreadPoolExecutor(3) as threads:
        url = server.client.base_url.join("/predict")
        posts = [threads.submit(httpx.post, url, json={"text": ["refund"] * 900}, timeout=30) for _ in range(3)]
        wait_for_started(server, 3)  # they take turns
        server.process.terminate()
        answers = [post.result() for post in posts]
        assert server.process.wait(30) == 0
        assert [answer.status_code for answer in answers] == [503] * 3
        assert {answer.json()["detail"] for answer in answers} == {"the server is shutting down"}
        assert server.process.stderr.read() == ""


def test_a_second_ctrl_c_waits_for_no_queue(serving, bundle):
    with serving(bundle.path, "--slow-slices", "--threads", "1", program=SLOW_PLUGIN) as server:
        threads = ThreadPoolExecutor(1)
        url = server.client.base_url.join("/predict")
        post = threads.submit(httpx.post, url, json={"text": ["refund"] * 900}, timeout=30)
        wait_for_started(server, 1)
        server.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 130
        assert post.result().status_code == 503
        assert server.process.stderr.read() == ""


def test_what_a_plugin_does_not_end_is_cancelled_with_503():
    async def never_ending(scope, receive, send):
        await asyncio.Event().wait()

    async def cancelled():
        sent = []

        async def send(message):
            sent.append(message)

        task = asyncio.create_task(FaultResponses(never_ending)({"type": "http"}, None, send))
        await asyncio.sleep(0)
        task.cancel()
        await task
        return sent

    start, body = asyncio.run(cancelled())
    assert start["status"] == 503
    assert (b"retry-after", b"1") in start["headers"]
    assert body["body"] == b'{"detail":"the server is shutting down"}'


def test_sigterm_before_it_serves_ends_it_at_once(tmp_path, bundle):
    command = [sys.executable, *SLOW_PLUGIN, str(bundle.path), "--port", "0", "--stall"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr.readline() == "stalling\n"
        process.terminate()
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_what_is_to_end_with_the_server_does(bundle, caplog):
    ended = []
    with live(build_host(), bundle) as client:
        for close in (lambda: ended.append(1), lambda: 1 / 0, lambda: ended.append(2)):
            client.service.at_end(close)
        assert client.get("/health").status_code == 200
        assert ended == []
    assert ended == [1, 2]
    assert "ZeroDivisionError" in caplog.text
