"""The connection to a real Label Studio server when requests fail: what is repeated, what is not, and what is said."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.harm import answer, closed, delayed, halved, lost, swallowed
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.rig import CONFIG, add_tasks, sign_up
from workbench.errors import WorkbenchError
from workbench_labelstudio.http import connection as module
from workbench_labelstudio.http.connection import Connection, NotFound, Unconfirmed
from workbench_labelstudio.http.credentials import Credentials
from workbench_labelstudio.project.project import read_project

READ_FAULTS = [
    *(answer(status) for status in (500, 502, 504)),
    answer(429, after=1),
    answer(500, done=True),
    closed,
    lost,
    halved,
    delayed(0.2),
]
named = pytest.mark.parametrize


@pytest.fixture
def proxy(label_studio):
    with Proxy(label_studio.url) as proxy:
        yield proxy


@pytest.fixture
def connection(proxy):
    with Connection(Credentials(proxy.url, TOKEN)) as connection:
        yield connection


@pytest.fixture
def patient(monkeypatch):
    """Pauses are noted, not made."""
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


@pytest.fixture
def project(label_studio):
    return label_studio.project(CONFIG)


@named("fault", READ_FAULTS, ids=lambda fault: fault.__name__)
def test_a_read_is_repeated_until_it_is_answered(connection, proxy, project, patient, fault):
    proxy.harm(fault, "GET", times=2)
    assert read_project(connection, project).id == project
    assert proxy.seen("GET") == (1 if "late" in fault.__name__ else 3)
    assert not patient or patient[0] == 1.0 or 0.3 < patient[0] < patient[1] < 2


@named("fault", [answer(502), answer(500, done=True), closed, lost, halved], ids=lambda fault: fault.__name__)
def test_a_write_is_never_repeated_blindly(label_studio, connection, proxy, project, patient, fault):
    proxy.harm(fault, "POST")
    with pytest.raises(Unconfirmed, match="nobody knows whether this was done"):
        connection.call(connection.client.projects.import_tasks, project, request=[{"text": "once"}], repeat=False)
    assert proxy.seen("POST") == 1
    assert not patient
    done = fault not in (closed,) and "before" not in fault.__name__
    assert read_project(connection, project).tasks == done


def test_a_write_that_was_refused_for_now_is_repeated(connection, proxy, project, patient):
    proxy.harm(answer(429, after=2), "POST", times=2)
    connection.call(connection.client.projects.import_tasks, project, request=[{"text": "once"}], repeat=False)
    assert patient == [2.0, 2.0]
    assert read_project(connection, project).tasks == 1


def test_a_server_may_not_ask_for_more_patience_than_we_have(connection, proxy, project, patient):
    proxy.harm(answer(429, after=86_400), "GET")
    read_project(connection, project)
    assert patient == [module.LONGEST_WAIT]


@named("status", [500, 502, 504, 429])
def test_a_server_that_stays_ill_is_one_line(connection, proxy, project, patient, status):
    proxy.harm(answer(status), times=None)
    with pytest.raises(WorkbenchError) as caught:
        read_project(connection, project)
    assert "\n" not in str(caught.value)
    assert str(status) in str(caught.value)
    assert "Then run the same command again" in caught.value.remedy
    assert len(patient) == module.ATTEMPTS - 1


def test_an_answer_that_never_comes_is_waited_for_no_longer_than_the_timeout(proxy, project, patient):
    proxy.harm(swallowed, "GET")
    with Connection(Credentials(proxy.url, TOKEN), timeout=0.5) as connection:
        begun = time.monotonic()
        assert read_project(connection, project).id == project
    assert 0.4 < time.monotonic() - begun < 10


def test_an_address_where_nobody_listens_is_one_line(patient):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        with (
            Connection(Credentials(address, TOKEN)) as connection,
            pytest.raises(WorkbenchError, match="gives no answer: ConnectError"),
        ):
            read_project(connection, 1)
    assert sum(patient) < 30


def test_an_address_that_swallows_everything_is_given_up_soon(connection, project):
    """A firewall that drops packets: the time for a connection is not the time for an answer."""
    asked = []
    connection.http.event_hooks = {"request": [lambda request: asked.append(request.extensions["timeout"])]}
    read_project(connection, project)
    assert asked[0]["read"] >= 60
    assert asked[0]["connect"] * module.ATTEMPTS <= 90


def test_a_server_that_is_another_one_is_no_traceback(connection, proxy, patient):
    """Some other service listens there, and answers in HTML."""
    proxy.harm(answer(200), times=None)
    with pytest.raises(WorkbenchError, match="gives no answer"):
        read_project(connection, 1)


def test_a_deleted_project_is_named(label_studio, connection, project):
    with label_studio.http() as http:
        http.delete(f"/api/projects/{project}").raise_for_status()
    with pytest.raises(NotFound, match="was deleted") as caught:
        read_project(connection, project)
    assert str(project) in str(caught.value.where)


def test_a_legacy_token_that_was_reset_is_one_line(label_studio, proxy, project):
    token = sign_up(label_studio, "reset")
    with Connection(Credentials(proxy.url, token)) as connection, label_studio.http(token) as http:
        assert read_project(connection, project).id == project
        http.post("/api/current-user/reset-token/").raise_for_status()
        with pytest.raises(WorkbenchError, match="does not accept the token") as caught:
            read_project(connection, project)
    assert "workbench labelstudio connect" in caught.value.remedy
    assert token not in repr(caught.value) + str(caught.value)


def test_a_personal_token_outlives_its_access_token(label_studio, proxy, project):
    """What is cached has expired by the server's clock: one request more, and no error."""
    token = label_studio.personal_token(sign_up(label_studio, "expired"))
    with Connection(Credentials(proxy.url, token)) as connection:
        proxy.harm(expired, "POST", "/api/token/refresh/")
        assert read_project(connection, project).id == project
        assert proxy.seen("POST", "/api/token/refresh/") == 2
        assert proxy.seen("GET") == 2
        read_project(connection, project)
        assert proxy.seen("POST", "/api/token/refresh/") == 2


def test_threads_share_one_token_refresh(label_studio, proxy, project):
    token = label_studio.personal_token(sign_up(label_studio, "threads"))
    with Connection(Credentials(proxy.url, token)) as connection, ThreadPoolExecutor(6) as pool:
        proxy.harm(expired, "POST", "/api/token/refresh/")
        assert set(pool.map(lambda _: read_project(connection, project).id, range(12))) == {project}
    assert proxy.seen("POST", "/api/token/refresh/") == 2


def test_a_token_may_expire_after_another_fault(label_studio, proxy, project, patient):
    token = label_studio.personal_token(sign_up(label_studio, "later"))
    with Connection(Credentials(proxy.url, token)) as connection:
        proxy.harm(expired, "POST", "/api/token/refresh/")
        proxy.harm(answer(502), "GET")
        assert read_project(connection, project).id == project


def test_a_revoked_personal_token_is_one_line(label_studio, proxy, project):
    owner = sign_up(label_studio, "revoked")
    token = label_studio.personal_token(owner)
    with Connection(Credentials(proxy.url, token)) as connection, label_studio.http(owner) as http:
        read_project(connection, project)
        http.post("/api/token/blacklist/", json={"refresh": token}).raise_for_status()
        proxy.harm(answer(401), "GET")  # it would live for five minutes
        with pytest.raises(WorkbenchError, match="does not accept the token") as caught:
            read_project(connection, project)
    assert token not in repr(caught.value) + str(caught.value)


@named("fault", READ_FAULTS, ids=lambda fault: fault.__name__)
def test_the_refresh_of_a_token_is_repeated_too(label_studio, proxy, project, patient, fault):
    token = label_studio.personal_token(sign_up(label_studio, f"refresh-{fault.__name__.replace(' ', '-')}"))
    proxy.harm(fault, "POST", "/api/token/refresh/", times=2)
    with Connection(Credentials(proxy.url, token)) as connection:
        assert read_project(connection, project).id == project


@named("fault", [answer(502), answer(504), closed], ids=lambda fault: fault.__name__)
def test_a_write_whose_token_could_not_be_refreshed_is_not_done_twice(label_studio, proxy, project, patient, fault):
    token = label_studio.personal_token(sign_up(label_studio, f"write-{fault.__name__.replace(' ', '-')}"))
    with Connection(Credentials(proxy.url, token)) as connection, label_studio.http() as http:
        proxy.harm(fault, "POST", "/api/token/refresh/")
        try:
            connection.call(connection.client.projects.import_tasks, project, request=[{"text": "once"}], repeat=False)
        except Unconfirmed:
            assert read_project(connection, project).tasks == 0
            add_tasks(http, project, ["once"])
        assert read_project(connection, project).tasks == 1


def expired(exchange):
    """A refresh that gives an access token with another signature, which the server refuses as it does an old one."""
    status, headers, body = exchange.forward()
    head, claims, signature = json.loads(body)["access"].split(".")
    exchange.send(status, headers, json.dumps({"access": f"{head}.{claims}.{signature[::-1]}"}).encode())
