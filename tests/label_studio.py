"""A real Label Studio server for the tests, in a venv of its own that is kept between sessions, on a fresh data folder.

The venv and a migrated, empty database are made once below the user's cache folder, which takes a network and about
a minute.
"""

from __future__ import annotations

import fcntl
import functools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests import tether

VERSION = "1.23.2"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "intent-workbench" / f"label-studio-{VERSION}"
REQUIRED = "WORKBENCH_REQUIRE_LABEL_STUDIO"  # set where a skip would hide something
TOKEN = "0123456789abcdef0123456789abcdef01234567"
ADMIN = "admin@example.com"
PASSWORD = "correct-horse-battery"
START = 180  # seconds; the first start migrates the database


class LabelStudioServer:
    """A server on loopback that can be stopped, killed and started again on the same data and port.

    It ends with this process at the latest, however that one ends.

    Args:
        data: its data folder; a copy of the empty one is made if there is none.
        port: None takes a free one.
    """

    def __init__(self, data: Path, port: int | None = None) -> None:
        self.data, self.port = data, port or free_port()
        self.process: subprocess.Popen | None = None
        self._personal: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> LabelStudioServer:
        """Start and wait until it answers."""
        if not self.data.exists():
            shutil.copytree(_installed() / "data", self.data)
        _run(self)
        return self

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End it; SIGKILL gives it no time."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, how)
            self.process.wait(30)
            self.process.stdin.close()

    def http(self, token: str = TOKEN) -> httpx.Client:
        """A client of the API beside the SDK, for what users and annotators do."""
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Token {token}"}, timeout=120)

    @functools.cached_property
    def second(self) -> str:
        """The legacy token of a second annotator, who signed up at the server."""
        with httpx.Client(base_url=self.url, follow_redirects=True, timeout=60) as browser:
            browser.get("/user/signup/")
            form = {"email": "second@example.com", "password": PASSWORD, "allow_newsletters": "false"}
            form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
            if "/signup" in str(browser.post("/user/signup/", data=form).url):  # signed up already
                browser.get("/user/login/")
                form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
                browser.post("/user/login/", data=form)
            return str(browser.get("/api/current-user/token").raise_for_status().json()["token"])

    def personal_token(self, token: str = TOKEN) -> str:
        """The personal access token (a JWT that gives access tokens) of a user, who can have one only."""
        if token not in self._personal:
            with self.http(token) as http:
                self._personal[token] = str(http.post("/api/token/").raise_for_status().json()["token"])
        return self._personal[token]

    def project(self, config: str, title: str | None = None) -> int:
        """A new project's id."""
        body = {"title": title or f"project {secrets.token_hex(4)}", "label_config": config}
        with self.http() as http:
            return int(http.post("/api/projects", json=body).raise_for_status().json()["id"])


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(server: LabelStudioServer) -> None:
    environment = os.environ | {
        "LABEL_STUDIO_BASE_DATA_DIR": str(server.data),
        "LABEL_STUDIO_USERNAME": ADMIN,
        "LABEL_STUDIO_PASSWORD": PASSWORD,
        "LABEL_STUDIO_USER_TOKEN": TOKEN,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SSRF_PROTECTION_ENABLED": "false",  # the tests' webhooks and ML backends are on loopback
        "ML_BLOCK_LOCAL_IP": "false",
    }
    command = [CACHE / "venv/bin/label-studio", "start", "--no-browser", "--internal-host", "127.0.0.1"]
    server.data.parent.mkdir(parents=True, exist_ok=True)
    with server.data.with_suffix(".log").open("ab") as log:
        server.process = subprocess.Popen(
            [sys.executable, tether.__file__, *command, "--port", str(server.port)],
            env=environment,
            stdout=log,
            stderr=log,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if httpx.get(f"{server.url}/health", timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.3)
    server.stop(signal.SIGKILL)
    raise RuntimeError(f"Label Studio did not start:\n{server.data.with_suffix('.log').read_text()[-2000:]}")


def _installed() -> Path:
    """The folder of the venv and the empty data, made on first use."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (CACHE / "venv/complete").exists():
            subprocess.run([sys.executable, "-m", "venv", "--clear", CACHE / "venv"], check=True)
            pip = [CACHE / "venv/bin/pip", "install", "-q", "--disable-pip-version-check"]
            subprocess.run([*pip, "-U", "pip"], check=True)
            subprocess.run([*pip, f"label-studio=={VERSION}"], check=True)
            (CACHE / "venv/complete").touch()
        if not (CACHE / "data").exists():
            shutil.rmtree(CACHE / "first", ignore_errors=True)
            first = LabelStudioServer(CACHE / "first")
            first.data.mkdir()
            _run(first)
            first.stop()
            first.data.rename(CACHE / "data")
    return CACHE


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory):
    """A running server, shared by the session: each test makes projects of its own."""
    try:
        server = LabelStudioServer(tmp_path_factory.mktemp("label-studio") / "data").start()
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        if os.environ.get(REQUIRED):
            raise
        pytest.skip(f"no Label Studio server: {error}")
    yield server
    server.stop()
