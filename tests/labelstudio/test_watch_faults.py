"""`workbench labelstudio watch` where things go wrong: each ends in one clear line, and what can go on goes on."""

from __future__ import annotations

import signal
import socket

import httpx
import pytest

from tests.label_studio import TOKEN, free_port
from tests.labelstudio.harm import answer
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.watching import PATIENCE, RECIPE, Watched
from workbench_labelstudio.live.events import SECRET

OFTEN = ("--debounce", "0.2", "--poll", "1")


@pytest.fixture
def watched(label_studio, tmp_path):
    return Watched(label_studio, tmp_path, labelled=12, unlabelled=3)


@pytest.mark.parametrize("fault", [answer(500, done=True), answer(502)], ids=["done", "not-done"])
def test_a_webhook_whose_answer_is_lost_is_there_once(watched, fault):
    with Proxy(watched.server.url) as proxy:
        proxy.harm(fault, "POST", "/api/webhooks")
        with watched.watching(LABEL_STUDIO_URL=proxy.url) as watch:
            assert watch.wait_for("watching")["webhook"] == watched.hooks()[0]["id"]
            assert len(watched.hooks()) == 1
    assert watched.hooks() == []


def test_an_address_that_the_server_refuses_leaves_the_poll(watched):
    with watched.watching(*OFTEN, "--public-url", "http://receiver:9000") as watch:
        assert watch.wait_for("watching")["webhook"] is None
        (warning,) = watch.seen("warning")
        assert "http://receiver:9000/webhook: the server refuses this (400" in warning["message"]
        watch.wait_for("training", state="succeeded")
        text = watched.label()
        watch.wait_for("training", 2, state="succeeded")
        assert text in watched.rows()


def test_a_look_that_fails_is_said_in_one_line_and_repeated(watched):
    with Proxy(watched.server.url) as proxy, watched.watching(*OFTEN, LABEL_STUDIO_URL=proxy.url) as watch:
        watch.wait_for("training", state="succeeded")
        rule = proxy.harm(answer(403), path="/api/(tasks|projects)", times=None)
        watch.wait_for("trouble")
        text, asked = watched.label(), len(proxy.requests)
        watch.wait_until(lambda: len(proxy.requests) >= asked + 4)
        assert "403" in watch.status()["trouble"]
        rule.times = 0
        watch.wait_for("training", 2, state="succeeded")
        assert text in watched.rows()
        assert len(watch.seen("trouble")) == 1
        assert watch.status()["trouble"] is None


def test_a_404_of_a_gateway_ends_nothing(watched):
    with Proxy(watched.server.url) as proxy, watched.watching(*OFTEN, LABEL_STUDIO_URL=proxy.url) as watch:
        watch.wait_for("training", state="succeeded")
        proxy.harm(answer(404), path="/api/(tasks|projects)", times=2)
        assert "the project was deleted" in watch.wait_for("trouble")["message"]
        text = watched.label()
        watch.wait_for("training", 2, state="succeeded")
        assert text in watched.rows()


def test_a_project_that_is_deleted_ends_it_in_one_line(watched):
    with watched.watching(*OFTEN) as watch:
        watch.wait_for("training", state="succeeded")
        watched.http.delete(f"/api/projects/{watched.project}/").raise_for_status()
        assert watch.process.wait(PATIENCE) == 1
    assert "the project was deleted" in watch.errors.splitlines()[-1]
    assert watch.seen("warning") == []  # the webhook went with it


def test_a_run_that_fails_is_said_and_tried_again(watched):
    recipe = watched.recipe.read_text()
    watched.recipe.write_text(recipe.replace('reader = "labelstudio"', 'reader = "labelstudio"\ntext = "nowhere"'))
    with watched.watching(*OFTEN) as watch:
        assert "nowhere" in watch.wait_for("training", state="failed")["message"]
        assert "nowhere" in watched.run.with_name("live.log").read_text()
        watched.recipe.write_text(recipe)
        watch.wait_for("training", state="succeeded")


def test_once_ends_with_the_exit_code_of_the_run(watched):
    recipe = watched.recipe.read_text()
    watched.recipe.write_text(recipe + "[gate]\nmax_size_mb = 0.000001\n")
    done = watched.once()
    assert done.returncode == 3
    assert '"state": "refused"' in done.stdout


def test_neither_token_nor_secret_shows_anywhere(watched, tmp_path):
    for name, word in (("token", TOKEN), ("secret", "an-open-secret-3141")):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(word)
    environment = watched.environment(LABEL_STUDIO_API_KEY="")
    with watched.watching(
        *OFTEN, "--token-file", tmp_path / "token", "--secret-file", tmp_path / "secret", **environment
    ) as watch:
        watch.wait_for("training", state="succeeded")
        (hook,) = watched.hooks()
        assert hook["headers"][SECRET] == "an-open-secret-3141"
        watched.label()
        watch.wait_for("training", 2, state="succeeded")  # the run has the token, too
        status = watch.status()
    assert "DEBUG" in watch.errors
    (tmp_path / "output").write_text(watch.errors + str(watch.events) + str(status))
    given = {tmp_path / "token", tmp_path / "secret"}
    for path in tmp_path.rglob("*"):
        if path.is_file() and path not in given:
            content = path.read_bytes()
            assert TOKEN.encode() not in content, path
            assert b"an-open-secret" not in content, path


def nobody(*_):
    raise AssertionError("the server is not to be asked")


@pytest.mark.parametrize(
    ("recipe", "options", "code", "line"),
    [
        (None, (), 2, "there is no such recipe"),
        ("epochs = 3", (), 2, "unknown key 'epochs'"),
        ("seed = 1", ("--host", "0.0.0.0"), 2, "Label Studio cannot call 0.0.0.0. Give --public-url as well"),
        ("seed = 1", ("--public-url", "receiver"), 2, "is no http or https URL"),
        ("seed = 1", ("--secret-file", "nowhere"), 2, "nowhere cannot be read (No such file or directory)"),
        ("seed = 1", ("--secret-file", "open"), 1, "others can read this file (mode 0644)"),
        ("seed = 1", ("--secret-file", "empty"), 2, "empty does not hold one line"),
        ("seed = 1", ("--secret-file", "foreign"), 2, "a character that Label Studio cannot send"),
        ("seed = 1", ("-o", "full"), 1, "is not empty and holds no run"),
        ("seed = 1", ("--poll", "0"), 2, "0 is not in the range"),
    ],
)
def test_what_is_wrong_is_said_before_the_server_is_asked(
    workbench_cli, tmp_path, monkeypatch, recipe, options, code, line
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("workbench_labelstudio.live.session.Connection", nobody)
    if recipe is not None:
        (tmp_path / "recipe.toml").write_text(recipe)
    for name, word, mode in (("open", "word", 0o644), ("empty", "\n", 0o600), ("foreign", "密码密码", 0o600)):
        (tmp_path / name).write_text(word, encoding="utf-8")
        (tmp_path / name).chmod(mode)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    done = workbench_cli("labelstudio", "watch", 1, "recipe.toml", "-o", "run", *options)
    assert (done.exit_code, line in done.stderr) == (code, True), done.stderr


def test_a_port_in_use_is_said(watched):
    with socket.create_server(("127.0.0.1", 0)) as taken, watched.watching("--port", taken.getsockname()[1]) as watch:
        assert watch.process.wait(PATIENCE) == 1
    assert "cannot listen there: Address already in use. Choose another --host or --port" in watch.errors


def test_a_recipe_that_does_not_read_the_project_is_pointed_out(watched):
    export = watched.http.get(f"/api/projects/{watched.project}/export", params={"exportType": "JSON"})
    (watched.folder / "export.json").write_bytes(export.raise_for_status().content)
    watched.recipe.write_text(RECIPE.format(reader="labelstudio-export", source="export.json"))
    done = watched.once()
    assert done.returncode == 0
    assert "does not import with the reader 'labelstudio', but with: labelstudio-export" in done.stdout


def test_with_a_public_url_the_status_asks_for_the_secret(watched):
    port = free_port()
    address = f"http://localhost:{port}"
    with watched.watching("--debounce", "60", "--port", port, "--public-url", address) as watch:
        assert watch.wait_for("watching")["webhook"] is not None
        (hook,) = watched.hooks()
        assert hook["url"] == f"{address}/webhook"
        assert httpx.get(f"{watch.url}/status").status_code == 401
        assert httpx.get(f"{watch.url}/status", headers=hook["headers"]).json()["hints"] == 0


def test_no_webhook_means_none(watched):
    with watched.watching("--no-webhook", *OFTEN) as watch:
        assert watch.wait_for("watching")["receiver"] is None
        assert watched.hooks() == []
        assert watch.stop(signal.SIGINT) == 130
