"""Ask a bundle as its users will: over HTTP, of a server in a process of its own."""

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
START, ANSWER, STOP = 120.0, 30.0, 10.0  # seconds to wait for each
LAST = 5  # lines of the server that an error repeats
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy leads to this machine's loopback


def ask_server(run: Path, text: str) -> str:
    """Serve the run's bundle on a free port, ask it one text, stop it; the request and its answer in words.

    Raises:
        WorkbenchError: the server did not come up or gave no answer; with what it said last.
    """
    said: list[str] = []
    try:
        with _serving(run, said) as url:
            return _ask(url.result(START), text, run)
    except (EOFError, OSError, http.client.HTTPException) as error:
        raise WorkbenchError(
            f"the server gave no answer ({str(error) or type(error).__name__}); "
            f"it said: {' / '.join(said[-LAST:]) or 'nothing'}",
            where=run,
        ) from error


@contextlib.contextmanager
def _serving(run: Path, said: list[str]) -> Iterator[Future[str]]:
    """A server's address as soon as it tells it; at the end of the block it is stopped, and `said` is complete."""
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
    listener = threading.Thread(target=_listen, args=(server.stderr, said, url), daemon=True)
    listener.start()
    try:
        yield url
    finally:
        server.terminate()
        try:
            server.wait(STOP)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        listener.join(STOP)


def _listen(stderr: IO[str], said: list[str], url: Future[str]) -> None:
    """Read all that the server says, so that it never waits for a reader, and find its address in it."""
    with stderr:
        for line in stderr:
            said.append(line.strip())
            if not url.done() and (found := URL.search(line)):
                url.set_result(found.group())
    if not url.done():
        url.set_exception(EOFError("it ended"))


def _ask(url: str, text: str, run: Path) -> str:
    body = json.dumps({"text": text}, ensure_ascii=False)
    request = urllib.request.Request(f"{url}/predict", body.encode(), {"Content-Type": "application/json"})
    with DIRECT.open(request, timeout=ANSWER) as response:
        answer = json.loads(response.read())
    return (
        f"served  {url}, asked over HTTP, and stopped again:\n"
        f"  POST /predict {body}\n  {json.dumps(answer, ensure_ascii=False)}\n"
        f"serve it yourself: workbench serve {run}"
    )
