"""Predict a text over HTTP with a server in a separate process, as clients in production do."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import IO

from workbench.api import WorkbenchError

SERVE = (sys.executable, "-m", "workbench", "serve")
URL = re.compile(r"http://[\d.]+:\d+")
START_TIMEOUT, RESPONSE_TIMEOUT, STOP_TIMEOUT = 120.0, 30.0, 10.0  # seconds
LAST_LINES = 5  # lines of the server's output in an error
NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach this machine's loopback


def predict_over_http(run: Path, text: str) -> str:
    """Serve the run's bundle on a free port, predict one text and stop the server.

    Returns:
        A description of the request and the response.

    Raises:
        WorkbenchError: the server did not start or sent no response; with the last lines of its output.
    """
    output: list[str] = []
    try:
        with _server(run, output) as url:
            return _predict(url.result(START_TIMEOUT), text, run)
    except (EOFError, OSError, http.client.HTTPException) as error:
        raise WorkbenchError(
            f"the server sent no response ({str(error) or type(error).__name__}); "
            f"its last output: {' / '.join(output[-LAST_LINES:]) or 'none'}",
            where=run,
            remedy=f"Start the server to see its errors: workbench serve {run}",
        ) from error


@contextlib.contextmanager
def _server(run: Path, output: list[str]) -> Iterator[Future[str]]:
    """Start a server inside the block; the value is a future of its URL, and `output` collects its lines on stderr."""
    server = subprocess.Popen(
        [*SERVE, str(run), "--port", "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert server.stderr is not None
    url: Future[str] = Future()
    reader = threading.Thread(target=_read_output, args=(server.stderr, output, url), daemon=True)
    reader.start()
    try:
        yield url
    finally:
        server.terminate()
        try:
            server.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        reader.join(STOP_TIMEOUT)


def _read_output(stderr: IO[str], output: list[str], url: Future[str]) -> None:
    """Read all output of the server, so that the server never blocks on a full pipe, and find the URL in it."""
    with stderr:
        for line in stderr:
            output.append(line.strip())
            if not url.done() and (match := URL.search(line)):
                url.set_result(match.group())
    if not url.done():
        url.set_exception(EOFError("the server ended"))


def _predict(url: str, text: str, run: Path) -> str:
    body = json.dumps({"text": text}, ensure_ascii=False)
    request = urllib.request.Request(f"{url}/predict", body.encode(), {"Content-Type": "application/json"})
    with NO_PROXY.open(request, timeout=RESPONSE_TIMEOUT) as response:
        prediction = json.loads(response.read())
    return (
        f"served  the bundle at {url} for one request, then stopped the server:\n"
        f"  POST /predict {body}\n  {json.dumps(prediction, ensure_ascii=False)}\n"
        f"next    workbench serve {run}"
    )
