"""The server that `quickstart` asks: behind a proxy, dead, mute, or not willing to go."""

from __future__ import annotations

import sys

import pytest

from workbench.errors import WorkbenchError
from workbench_quickstart import http_prediction

DEAD = "http://127.0.0.1:9"  # the discard port: nobody listens


@pytest.fixture
def refuse(monkeypatch, tmp_path):
    """The error when the server is a script."""
    monkeypatch.setattr(http_prediction, "STOP_TIMEOUT", 0.5)

    def refused(script):
        monkeypatch.setattr(http_prediction, "SERVE", (sys.executable, "-c", script))
        with pytest.raises(WorkbenchError) as caught:
            http_prediction.predict_over_http(tmp_path, "where is it")
        message = str(caught.value)
        assert "\n" not in message
        return message

    return refused


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
def test_a_proxy_is_not_asked(bundle, monkeypatch, variable):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv(variable, DEAD)
    said = http_prediction.predict_over_http(bundle.path, "我的快递到哪了")
    assert 'POST /predict {"text": "我的快递到哪了"}' in said
    assert '"intent": "delivery"' in said
    assert f"workbench serve {bundle.path}" in said


def test_a_run_without_a_bundle_is_told_in_the_servers_words(tmp_path):
    with pytest.raises(WorkbenchError) as caught:
        http_prediction.predict_over_http(tmp_path / "none", "a")
    assert "sent no response (the server ended); its last output: Error: " in str(caught.value)


def test_a_server_that_ends_without_a_word(refuse):
    assert "(the server ended); its last output: none" in refuse("")


def test_a_server_that_never_tells_its_address(refuse, monkeypatch):
    monkeypatch.setattr(http_prediction, "START_TIMEOUT", 1.0)
    message = refuse("import sys, time; print('loading', file=sys.stderr, flush=True); time.sleep(600)")
    assert "TimeoutError" in message
    assert "its last output: loading" in message


def test_a_server_that_does_not_answer(refuse):
    message = refuse(f"import sys, time; print('at {DEAD} now', file=sys.stderr, flush=True); time.sleep(600)")
    assert "Connection refused" in message
    assert f"its last output: at {DEAD} now" in message


def test_a_server_that_says_much_is_never_held_up_and_one_that_stays_is_killed(refuse, tmp_path):
    """It answers only when it has got rid of more words than a pipe holds, and then goes without an answer."""
    script = """
import signal, socket, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
door = socket.create_server(("127.0.0.1", 0))
print("at http://127.0.0.1:%d now" % door.getsockname()[1], file=sys.stderr, flush=True)
caller, _ = door.accept()
for n in range(20_000):
    print("a long line of the server's log", n, file=sys.stderr)
print("\\udcff is the last line", file=sys.stderr, flush=True)
caller.close()
time.sleep(600)
"""
    message = refuse(script)
    assert "Connection reset by peer" in message or "RemoteDisconnected" in message or "closed connection" in message
    assert "log 19999 / \\udcff is the last line" in message
