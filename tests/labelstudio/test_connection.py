"""The connection: where the token goes and where it does not, redirects, and answers that are none.

What is repeated and what is not stands in test_labelstudio_server_faults.py.
"""

from __future__ import annotations

import time

import pytest
from tenacity import RetryCallState, Retrying

from tests.label_studio import TOKEN
from tests.labelstudio.elsewhere import Elsewhere, certificate
from tests.labelstudio.harm import PAGE
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.rig import CONFIG
from workbench.errors import UsageProblem, WorkbenchError
from workbench_labelstudio.http.connection import LONGEST_WAIT, Connection, Unconfirmed, backoff
from workbench_labelstudio.http.credentials import Credentials, clean_url, find_credentials, place, store
from workbench_labelstudio.project.project import find_project, read_project

A, B = "http://a.example", "http://b.example"
OTHER = "0" * 40


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def proxy(label_studio):
    with Proxy(label_studio.url) as proxy:
        yield proxy


@pytest.fixture
def patient(monkeypatch):
    """Pauses are noted, not made."""
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


@pytest.fixture
def project(label_studio):
    return label_studio.project(CONFIG)


def test_option_before_environment_before_file(monkeypatch, tmp_path):
    store(Credentials(A, TOKEN))
    assert find_credentials() == Credentials(A, TOKEN)
    monkeypatch.setenv("LABEL_STUDIO_URL", f"{A}/")
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", f" {OTHER}\n")
    assert find_credentials() == Credentials(A, OTHER)
    file = tmp_path / "token"
    file.write_text("1" * 40)
    file.chmod(0o600)
    assert find_credentials(token_file=str(file)).token == "1" * 40
    assert find_credentials(A, str(file)).token == "1" * 40


@pytest.mark.parametrize("meant_for", [A, None])
def test_a_token_is_for_its_own_server(monkeypatch, meant_for):
    """The one of the environment with its URL, or with the URL that is given beside it; the stored one with its URL."""
    store(Credentials(B, TOKEN))
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", OTHER)
    if meant_for:
        monkeypatch.setenv("LABEL_STUDIO_URL", meant_for)
        assert find_credentials().token == OTHER
        assert find_credentials(B).token == TOKEN
        with pytest.raises(WorkbenchError, match="no token for this server"):
            find_credentials("http://c.example")
    else:
        assert find_credentials().token == TOKEN
        assert find_credentials(A).token == OTHER


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("HTTPS://Host.example:443/", "https://host.example"),
        ("http://h:8080//", "http://h:8080"),
        (" http://h/label-studio/ ", "http://h/label-studio"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_one_server_has_one_url(given, clean):
    assert clean_url(given) == clean


@pytest.mark.parametrize("token", ["", "a b", "令牌", "abc\x01def", "abc\ndef"])
def test_what_can_be_no_token_is_not_sent(token):
    """The HTTP library repeats a header that it cannot send in its error."""
    with pytest.raises(WorkbenchError, match="holds no token") as caught:
        Credentials(A, token)
    assert not token or token not in str(caught.value)


def test_a_damaged_file_of_tokens_is_one_line():
    path = place()
    path.parent.mkdir(parents=True)
    for text in ('{"tokens": ', '{"tokens": []}', '{"tokens": {"http://a": "a b"}}'):
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(WorkbenchError, match=r"labelstudio\.json"):
            find_credentials()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", ["legacy", "personal"])
def test_a_redirect_to_another_host_takes_nothing_along(label_studio, patient, status, kind):
    token = TOKEN if kind == "legacy" else label_studio.personal_token()
    with (
        Elsewhere() as other,
        Elsewhere(status, {"Location": f"{other.url}%s"}) as moved,
        Connection(Credentials(moved.url, token)) as connection,
    ):
        for ask in (
            lambda: connection.get("api/tasks", {"project": 1}),
            lambda: connection.call(connection.client.projects.import_tasks, 1, request=[{"text": "a"}], repeat=False),
        ):
            with pytest.raises(WorkbenchError, match="redirects to") as caught:
                ask()
            assert not isinstance(caught.value, Unconfirmed)
            assert f"connect {other.url}." in str(caught.value)
        assert not other.told
    assert not patient


def test_a_redirect_within_the_server_is_not_followed(proxy, project):
    def moved(exchange):
        if exchange.seen.query.endswith("moved=1"):
            return exchange.send(*exchange.forward())
        return exchange.send(302, [("Location", f"{exchange.seen.path}?moved=1")], b"")

    with Connection(Credentials(proxy.url, TOKEN)) as connection:
        proxy.harm(moved, times=None)
        for ask in (
            lambda: read_project(connection, project),
            lambda: connection.call(connection.client.projects.update, project, title="other"),
        ):
            with pytest.raises(WorkbenchError, match=f"redirects to .*connect {proxy.url}"):
                ask()
        proxy.heal()
        assert read_project(connection, project).title != "other"


def test_the_path_stays_when_a_redirect_names_the_next_address(tmp_path):
    target = "https://host.example/label-studio/api/projects/7?next=secret"
    with (
        Elsewhere(301, {"Location": target}) as moved,
        Connection(Credentials(f"{moved.url}/ls", TOKEN)) as connection,
        pytest.raises(WorkbenchError) as caught,
    ):
        read_project(connection, 7)
    assert "connect https://host.example/label-studio." in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_certificate_that_is_not_trusted_is_not_tried_again(tmp_path, patient):
    with (
        Elsewhere(certificate=certificate(tmp_path)) as server,
        Connection(Credentials(server.url, TOKEN)) as connection,
        pytest.raises(WorkbenchError, match="SSL_CERT_FILE"),
    ):
        read_project(connection, 1)
    assert not patient
    assert not server.told


def test_an_error_page_that_repeats_the_request_tells_no_token(label_studio, proxy, project, patient):
    """As the debug pages of some frameworks and proxies do."""

    def echo(exchange):
        page = f"<html><title>Error for {exchange.handler.headers['Authorization']}</title>{exchange.body}</html>"
        exchange.send(
            500, [("Content-Type", "text/html"), ("X-Echo", exchange.handler.headers["Authorization"])], page.encode()
        )

    token = label_studio.personal_token()
    for given in (TOKEN, token):
        with Connection(Credentials(proxy.url, given), attempts=2) as connection:
            read_project(connection, project)
            proxy.harm(echo, times=None)
            with pytest.raises(WorkbenchError, match="500: a web page called") as caught:
                read_project(connection, project)
            proxy.heal()
        whole = repr(caught.value) + str(caught.value) + str(caught.value.__cause__)
        assert "[token]" in whole
        assert "eyJ" not in whole  # as every JWT begins
        assert given not in whole


def test_a_refresh_that_answers_something_else_tells_no_token(label_studio, proxy, project, patient):
    """Pydantic repeats what it was given."""

    def strange(exchange):
        exchange.send(200, [("Content-Type", "application/json")], b'{"refresh": "%s"}' % token.encode())

    token = label_studio.personal_token()
    with Connection(Credentials(proxy.url, token), attempts=2) as connection:
        proxy.harm(strange, "POST", "/api/token/refresh/", times=None)
        with pytest.raises(WorkbenchError, match="gives no answer") as caught:
            read_project(connection, project)
    assert token not in str(caught.value) + repr(caught.value.__cause__) + str(caught.value.__cause__)
    assert caught.value.__suppress_context__


def test_a_page_of_a_gateway_is_named_in_one_line(proxy, project, patient):
    def page(exchange):
        exchange.send(503, [("Content-Type", "text/html")], PAGE % (503, 503))

    with Connection(Credentials(proxy.url, TOKEN), attempts=2) as connection:
        proxy.harm(page, times=None)
        with pytest.raises(WorkbenchError, match="503: a web page called '503 Harm'") as caught:
            read_project(connection, project)
    assert "\n" not in str(caught.value)


def test_an_answer_that_is_no_gzip_is_asked_for_again(proxy, project, patient):
    def broken(exchange):
        exchange.send(200, [("Content-Encoding", "gzip")], b"no gzip")

    with Connection(Credentials(proxy.url, TOKEN)) as connection:
        proxy.harm(broken, times=2)
        assert read_project(connection, project).id == project


def test_pauses_double_up_to_the_longest():
    least = [0.4, 0.8, 1.6, 3.2, 6.4, 12.8, LONGEST_WAIT, LONGEST_WAIT]
    for attempt, seconds in enumerate(least, 1):
        state = RetryCallState(Retrying(), None, (), {})
        state.attempt_number = attempt
        assert seconds <= backoff(state) <= seconds + 0.2


def test_a_project_is_found_by_id_title_and_address(label_studio):
    with Connection(Credentials(label_studio.url, TOKEN)) as connection:
        number = label_studio.project(CONFIG, "查询 one")
        year = label_studio.project(CONFIG, "20251124")
        for named in (str(number), "查询 one", f"{label_studio.url}/projects/{number}/data?tab=3"):
            assert find_project(connection, named).id == number
        assert find_project(connection, "20251124").id == year
        with pytest.raises(UsageProblem, match=r"Give --url http://other\.example"):
            find_project(connection, f"http://other.example/projects/{number}")
        with pytest.raises(UsageProblem, match=r"Did you mean .*查询 one"):
            find_project(connection, "查询 on")
        label_studio.project(CONFIG, "查询 one")
        with pytest.raises(UsageProblem, match="2 projects are called"):
            find_project(connection, "查询 one")
