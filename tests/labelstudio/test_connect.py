"""`workbench labelstudio connect`, as a user meets it, against a real server."""

from __future__ import annotations

import json
import os
import pty
import socket
import stat
import subprocess
import sys

import httpx
import jwt
import pytest

from tests.label_studio import ADMIN, TOKEN, VERSION
from tests.labelstudio.elsewhere import Elsewhere, certificate, relay
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.rig import sign_up
from workbench.cli.root import build_cli
from workbench.errors import WorkbenchError
from workbench_labelstudio.http.credentials import find_credentials


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """Nothing is known yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "config" / "intent-workbench" / "labelstudio.json"


@pytest.fixture
def connect(workbench):
    return lambda *words, token="": workbench("labelstudio", "connect", *words, stdin=f"{token}\n".encode())


def failed(result, code=1):
    """The one line of an error."""
    assert result.exit_code == code, result.output
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_personal_token_is_checked_stored_for_its_owner_and_used(label_studio, connect, home):
    token = label_studio.personal_token()
    result = connect(f"{label_studio.url}/", "--token-file", "-", token=token)
    assert result.exit_code == 0, result.output
    assert f"Label Studio {VERSION}" in result.stdout
    assert ADMIN in result.stdout
    assert "personal token, ends 22" in result.stdout
    assert str(home) in result.stdout
    assert token not in result.output
    assert stat.S_IMODE(home.stat().st_mode) == 0o600
    found = find_credentials()
    assert (found.url, found.token) == (label_studio.url, token)


def test_json_says_who_and_until_when(label_studio, connect, home):
    label_studio.project("<View/>")
    said = json.loads(connect(label_studio.url, "--json", "--token-file", "-", token=TOKEN).stdout)
    assert said["user"]["email"] == ADMIN
    assert said["projects"] >= 1
    assert (said["kind"], said["ends"], said["version"]) == ("legacy", None, VERSION)
    assert said["stored"] == str(home)
    said = json.loads(
        connect(label_studio.url, "--json", "--token-file", "-", token=label_studio.personal_token()).stdout
    )
    assert said["kind"] == "personal"
    assert said["ends"].startswith("22")


def test_a_server_below_a_path(label_studio, connect):
    with Proxy(label_studio.url, "/label-studio") as proxy:
        for url in (proxy.url, f"{proxy.url}/"):
            result = connect(url, "--token-file", "-", token=label_studio.personal_token())
            assert result.exit_code == 0, result.output
        assert find_credentials().url == proxy.url
        assert proxy.seen("POST", "/api/token/refresh/") == 2
        root = proxy.url.removesuffix("/label-studio")
        assert "no Label Studio answers at this address" in failed(connect(root, "--token-file", "-", token=TOKEN))


@pytest.mark.parametrize("wrong", ["legacy", "personal", "blank"])
def test_a_wrong_token_is_not_stored(label_studio, connect, home, wrong):
    personal = label_studio.personal_token()
    token = {"legacy": "f" * 40, "personal": personal[:-6] + "AAAAAA", "blank": ""}[wrong]
    line = failed(connect(label_studio.url, "--token-file", "-", token=token))
    assert "Personal Access Token" in line
    assert not token or token not in line
    assert not home.exists()


def test_where_legacy_tokens_are_off_a_personal_one_is_the_remedy(label_studio, connect, home):
    personal = label_studio.personal_token()
    access = httpx.post(f"{label_studio.url}/api/token/refresh/", json={"refresh": personal}).json()["access"]

    def allow_legacy(allowed):
        settings = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": allowed}
        bearer = {"Authorization": f"Bearer {access}"}
        httpx.post(f"{label_studio.url}/api/jwt/settings", json=settings, headers=bearer).raise_for_status()

    allow_legacy(False)
    try:
        line = failed(connect(label_studio.url, "--token-file", "-", token=TOKEN))
        good = connect(label_studio.url, "--token-file", "-", token=personal)
    finally:
        allow_legacy(True)
    assert "legacy token authentication has been disabled" in line
    assert "Personal Access Token" in line
    assert good.exit_code == 0, good.output


def test_an_expired_or_revoked_token_is_one_line(label_studio, connect):
    owner = sign_up(label_studio, "gone")
    token = label_studio.personal_token(owner)
    with label_studio.http(owner) as http:
        http.post("/api/token/blacklist/", json={"refresh": token}).raise_for_status()
    assert "does not accept the token" in failed(connect(label_studio.url, "--token-file", "-", token=token))
    old = jwt.encode({"token_type": "refresh", "exp": 1_000_000_000}, "k" * 32)
    assert "has expired" in failed(connect(label_studio.url, "--token-file", "-", token=old))
    for strange in ({"token_type": "refresh"}, {"exp": "soon"}, {"exp": 10**30}):
        failed(connect(label_studio.url, "--token-file", "-", token=jwt.encode(strange, "k" * 32, headers={})))


def test_a_token_file_that_others_can_read_is_refused(label_studio, connect, tmp_path, home):
    file = tmp_path / "token"
    file.write_text(f"\ufeff{TOKEN}\n", encoding="utf-8")
    file.chmod(0o640)
    assert "chmod 600" in failed(connect(label_studio.url, "--token-file", file))
    file.chmod(0o600)
    assert connect(label_studio.url, "--token-file", file).exit_code == 0
    home.chmod(0o644)
    assert "others can read" in failed(connect())


def test_without_a_terminal_the_token_comes_from_the_environment(label_studio, connect, monkeypatch):
    line = failed(connect(label_studio.url, token=TOKEN))
    assert "--token-file" in line
    assert "LABEL_STUDIO_API_KEY" in line
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)
    assert connect(label_studio.url).exit_code == 0
    monkeypatch.setenv("LABEL_STUDIO_URL", "http://another.example")
    assert "no token was given" in failed(connect(label_studio.url))


def test_on_a_terminal_the_token_is_asked_for_and_does_not_show(label_studio, home):
    token = label_studio.personal_token()
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "workbench", "labelstudio", "connect", label_studio.url]
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, start_new_session=True)
    os.close(follower)
    shown = b""
    try:
        while b"Token:" not in shown:
            shown += os.read(leader, 4096)
        os.write(leader, f"{token}\n".encode())
        while b"stored in" not in shown:
            shown += os.read(leader, 4096)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        os.close(leader)
    assert b"Personal Access Token" in shown
    assert token.encode() not in shown
    assert find_credentials().token == token


def test_what_is_known_is_shown_without_tokens_and_can_be_forgotten(label_studio, connect, home):
    assert "No server is connected" in connect().stdout
    connect(label_studio.url, "--token-file", "-", token=TOKEN)
    with Proxy(label_studio.url, "/ls") as proxy:
        connect(proxy.url, "--token-file", "-", token=label_studio.personal_token())
        said = connect("--json")
        servers = [(one["url"], one["kind"]) for one in json.loads(said.stdout)["servers"]]
        assert servers == [(label_studio.url, "legacy"), (proxy.url, "personal")]
        assert f"Without --url the verbs use {proxy.url}." in connect().stdout
        assert find_credentials().url == proxy.url
        assert TOKEN not in said.output + connect().output
        assert label_studio.url in connect().stdout
        assert connect("--forget", f"{proxy.url}/").exit_code == 0
        assert list(json.loads(home.read_text())["tokens"]) == [label_studio.url]
        assert "Known" in failed(connect("--forget", proxy.url), 2)
    assert find_credentials().url == label_studio.url
    connect("--forget", label_studio.url)
    assert "no Label Studio server is known" in failed_find()


def test_a_token_of_the_environment_is_for_the_server_of_the_environment(label_studio, connect, monkeypatch):
    connect(label_studio.url, "--token-file", "-", token=TOKEN)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "f" * 40)
    assert find_credentials().token == TOKEN
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    assert find_credentials().token == "f" * 40


def failed_find() -> str:
    with pytest.raises(WorkbenchError) as caught:
        find_credentials()
    return str(caught.value)


def test_an_address_that_is_no_label_studio(label_studio, connect):
    with Elsewhere() as intranet:
        assert "something else than the JSON" in failed(connect(intranet.url, "--token-file", "-", token=TOKEN))
        assert not any(TOKEN.encode() in told for told in intranet.told)
    assert "without /projects" in failed(connect(f"{label_studio.url}/projects", "--token-file", "-", token=TOKEN))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        assert "gives no answer: ConnectError" in failed(connect(address, "--token-file", "-", token=TOKEN))
    secure = label_studio.url.replace("http", "https")
    assert "WRONG_VERSION_NUMBER" in failed(connect(secure, "--token-file", "-", token=TOKEN))


@pytest.mark.parametrize("url", [TOKEN, "ftp://host", "http://", "http://user:secret@host", "http://h:99999999", "a b"])
def test_an_address_that_is_no_url_is_not_repeated(connect, url):
    line = failed(connect(url, "--token-file", "-", token=TOKEN), 2)
    assert TOKEN not in line
    assert "secret" not in line


def test_a_redirect_to_another_host_is_named_and_not_followed(label_studio, connect, home):
    with Elsewhere() as other, Elsewhere(302, {"Location": f"{other.url}%s?next=/"}) as server:
        line = failed(connect(server.url, "--token-file", "-", token=TOKEN))
        assert f"connect {other.url}." in line
        assert not other.told
        assert not any(TOKEN.encode() in told for told in server.told)
    assert not home.exists()


def test_a_redirect_to_https_is_named_and_takes_nothing_along(label_studio, connect, tmp_path, monkeypatch):
    pem = certificate(tmp_path)
    token = label_studio.personal_token()
    with (
        relay(label_studio.port, socket.AF_INET, "127.0.0.1", pem) as port,
        Elsewhere(301, {"Location": f"https://127.0.0.1:{port}%s"}) as plain,
    ):
        secure = f"https://127.0.0.1:{port}"
        assert f"workbench labelstudio connect {secure}." in failed(
            connect(plain.url, "--token-file", "-", token=token)
        )
        assert not any(token.encode() in told or b"uthorization" in told for told in plain.told)
        line = failed(connect(secure, "--token-file", "-", token=token))
        assert "CERTIFICATE_VERIFY_FAILED" in line
        assert "SSL_CERT_FILE" in line
        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        result = connect(secure, "--token-file", "-", token=token)
        assert result.exit_code == 0, result.output
        assert find_credentials().url == secure


def test_ipv6(label_studio, connect):
    with relay(label_studio.port) as port:
        url = f"http://[::1]:{port}"
        assert connect(url, "--token-file", "-", token=TOKEN).exit_code == 0
        assert find_credentials().url == url


def test_no_verb_takes_a_token_on_the_command_line(host):
    verbs = build_cli(host).commands["labelstudio"].commands
    options = {option for verb in verbs.values() for param in verb.params for option in param.opts}
    assert {"--token-file", "--url"} <= options
    assert not options & {"--token", "--api-key", "--key", "--password", "--access-token", "--secret"}
