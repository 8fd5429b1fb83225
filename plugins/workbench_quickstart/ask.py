"""Ask a bundle as its users will: over HTTP, of a server in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from workbench.errors import WorkbenchError

URL = re.compile(r"http://[\d.]+:\d+")


def ask_server(run: Path, text: str) -> str:
    """Serve the run's bundle on a free port, ask it one text, stop it; the request and its answer in words.

    Raises:
        WorkbenchError: the server did not come up.
    """
    command = [sys.executable, "-m", "workbench", "serve", str(run), "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8") as server:
        try:
            assert server.stderr is not None
            said = []
            for line in server.stderr:
                said.append(line)
                if found := URL.search(line):
                    return _ask(found.group(), text, run)
            raise WorkbenchError(f"the server did not come up: {''.join(said).strip()}", where=run)
        finally:
            server.terminate()


def _ask(url: str, text: str, run: Path) -> str:
    body = json.dumps({"text": text}, ensure_ascii=False)
    request = urllib.request.Request(f"{url}/predict", body.encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.loads(response.read())
    return (
        f"served  {url}, asked over HTTP, and stopped again:\n"
        f"  POST /predict {body}\n  {json.dumps(answer, ensure_ascii=False)}\n"
        f"serve it yourself: workbench serve {run}"
    )
