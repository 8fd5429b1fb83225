"""`workbench labelstudio watch` where things go wrong: each ends in one clear line, and what can go on goes on."""

from __future__ import annotations

import json
import signal

import pytest

from tests.label_studio import TOKEN
from tests.labelstudio.harm import answer
from tests.labelstudio.proxy import Proxy
from tests.labelstudio.watching import PATIENCE, RECIPE, Watched

OFTEN = ("--debounce", "0.2", "--poll", "1")


@pytest.fixture
def watched(label_studio, tmp_path):
    return Watched(label_studio, tmp_path, labelled=12, unlabelled=3)


def test_a_look_that_fails_is_said_in_one_line_and_repeated(watched):
    with Proxy(watched.server.url) as proxy, watched.watching(*OFTEN, LABEL_STUDIO_URL=proxy.url) as watch:
        watch.wait_for("training", state="succeeded")
        rule = proxy.harm(answer(403), path="/api/(tasks|projects)", times=None)
        watch.wait_for("trouble")
        text, asked = watched.label(), len(proxy.requests)
        watch.wait_until(lambda: len(proxy.requests) >= asked + 4)
        assert "403" in watch.seen("trouble")[0]["message"]
        rule.times = 0
        watch.wait_for("training", 2, state="succeeded")
        assert text in watched.rows()
        assert len(watch.seen("trouble")) == 1


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


def test_another_project_under_the_id_ends_it_in_one_line_that_names_the_local_copy(watched):
    def made_anew(exchange):
        status, headers, body = exchange.forward()
        about = {**json.loads(body), "created_at": "2031-01-01T00:00:00Z"}
        exchange.send(status, headers, json.dumps(about).encode())

    with Proxy(watched.server.url) as proxy:
        options = ("--mirror", watched.folder / "mirror")
        with watched.watching(*OFTEN, *options, LABEL_STUDIO_URL=proxy.url) as watch:
            watch.wait_for("training", state="succeeded")
            trained = len(watch.seen("training"))
            proxy.harm(made_anew, "GET", f"/api/projects/{watched.project}/?$", times=None)
            watched.label()
            assert watch.process.wait(PATIENCE) == 1
        assert len(watch.seen("training")) == trained
    line = watch.errors.splitlines()[-1]
    assert f"{watched.folder / 'mirror'}: this local copy is of project {watched.project}, made at" in line
    assert "Give another --mirror, or remove this folder" in line


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


def nobody(*_):
    raise AssertionError("the server is not to be asked")


@pytest.mark.parametrize(
    ("recipe", "options", "code", "line"),
    [
        (None, (), 2, "there is no such recipe"),
        ("epochs = 3", (), 2, "unknown key 'epochs'"),
        ("seed = 1", ("-o", "full"), 1, "is not empty and is not a run folder"),
        ("seed = 1", ("--poll", "0"), 2, "must be at least 1"),
    ],
)
def test_what_is_wrong_is_said_before_the_server_is_asked(
    workbench_cli, tmp_path, monkeypatch, recipe, options, code, line
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("workbench_labelstudio.live.watch_session.Connection", nobody)
    if recipe is not None:
        (tmp_path / "recipe.toml").write_text(recipe)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    done = workbench_cli("labelstudio", "watch", 1, "recipe.toml", "-o", "run", *options)
    assert (done.exit_code, line in done.stderr) == (code, True), done.stderr


def test_a_recipe_that_does_not_read_the_project_is_pointed_out(watched):
    export = watched.http.get(f"/api/projects/{watched.project}/export", params={"exportType": "JSON"})
    (watched.folder / "export.json").write_bytes(export.raise_for_status().content)
    watched.recipe.write_text(RECIPE.format(reader="labelstudio-export", source="export.json"))
    done = watched.once()
    assert done.returncode == 0
    assert "does not import with the reader 'labelstudio', but with: labelstudio-export" in done.stdout


def test_the_token_shows_nowhere(watched, tmp_path):
    token = tmp_path / "token"
    token.touch(0o600)
    token.write_text(TOKEN)
    with watched.watching(*OFTEN, "--token-file", token, LABEL_STUDIO_API_KEY="") as watch:
        watch.wait_for("training", state="succeeded")
        watched.label()
        watch.wait_for("training", 2, state="succeeded")  # the run has the token, too
    assert "DEBUG" in watch.errors
    (tmp_path / "output").write_text(watch.errors + str(watch.events))
    for path in tmp_path.rglob("*"):
        if path.is_file() and path != token:
            assert TOKEN.encode() not in path.read_bytes(), path


def test_it_registers_no_webhook(watched):
    with watched.watching(*OFTEN) as watch:
        watch.wait_for("training", state="succeeded")
        assert watched.hooks() == []
        assert watch.stop(signal.SIGINT) == 130
