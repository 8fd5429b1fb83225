"""Canary tokens: every verb of `workbench labelstudio`, at debug level, on a real server that is well, that repeats the
request in its error page, and that refuses the token. No token, and no access token that it gives, shows anywhere."""

from __future__ import annotations

import itertools
import json
import logging
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import click
import jwt
import pytest

from tests.labelstudio.proxy import Proxy
from tests.labelstudio.rig import CONFIG, add_tasks, annotate, sign_up
from workbench.cli.root import build_cli
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance

RECIPE = '[[import]]\nreader = "labelstudio"\nsource = "{project}"\n\n[train]\nuse = "none-such"\n'
HARMLESS = {"--once", "--dry-run"}  # options that let a verb come to an end
WAYS = ("environment", "file", "input", "stored")
NOBODY = "http://127.0.0.1:9"
KINDS = ("personal", "legacy", "wrong personal", "wrong legacy")


class Spy:
    """What a proxy sees of tokens; `echo` makes it answer every other request with a page that repeats them."""

    __name__ = "spy"

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.echo = False

    def __call__(self, exchange):
        header = exchange.handler.headers.get("Authorization", "")
        self.secrets.update(header.split()[1:])
        refreshing = exchange.seen.path.startswith("/api/token/refresh")
        if self.echo and not refreshing and not exchange.seen.path.startswith("/api/version"):
            page = f"<html><title>Echo {header}</title>{exchange.handler.headers}</html>".encode()
            return exchange.send(400, [("X-Echo", header)], page)
        status, headers, body = exchange.forward()
        if refreshing and status == 200:
            self.secrets.add(json.loads(body)["access"])
        return exchange.send(status, headers, body)


@pytest.fixture
def spy():
    return Spy()


@pytest.fixture
def proxy(label_studio, spy):
    with Proxy(label_studio.url) as proxy:
        proxy.harm(spy, times=None)
        yield proxy


@pytest.fixture(scope="module")
def tokens(label_studio):
    """By kind; each of them is nobody else's."""
    owner = sign_up(label_studio, "canary")
    wrong = jwt.encode({"token_type": "refresh", "exp": 2**40 // 100, "jti": "canary"}, "canary" * 6)
    return {
        "personal": label_studio.personal_token(owner),
        "legacy": owner,
        "wrong personal": wrong,
        "wrong legacy": "c0ffee" * 6 + "beef",
    }


@pytest.fixture
def home(monkeypatch, tmp_path):
    """Everything that is written for the user is written below here."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
    for name in ("LABEL_STUDIO_URL", "LABEL_STUDIO_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def project(label_studio):
    number = label_studio.project(CONFIG)
    with label_studio.http() as http:
        first, *_ = add_tasks(http, number, ["where is my parcel", "我要退款", "money back"])
        annotate(http, first, "delivery")
    return number


def verbs(host):
    """Every command of the group with the words before it."""

    def below(group, words):
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                yield from below(command, (*words, name))
            else:
                yield (*words, name), command

    return list(below(build_cli(host).commands["labelstudio"], ()))


def words_for(command, given):
    """Its arguments, required options and what lets it end, each by its name."""
    for param in command.params:
        if isinstance(param, click.Argument):
            assert param.name in given, f"say in this test what the argument {param.name} is"
            value = given[param.name]
            yield from value if isinstance(value, list) else [value]
        elif HARMLESS & set(param.opts):
            yield param.opts[-1]
        elif param.required or param.name in ("title", "out"):
            assert param.name in given, f"say in this test what the option {param.name} is"
            yield from (param.opts[-1], given[param.name])


class CommandLines(threading.Thread):
    """The command lines of all processes while the block runs."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.02):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:  # it has ended
                    continue

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def give(way, token, proxy, home, monkeypatch):
    """Hand a token over in one of the ways; the words and the standard input for it."""
    from workbench_labelstudio.http.credentials import Credentials, store

    monkeypatch.delenv("LABEL_STUDIO_API_KEY", raising=False)
    monkeypatch.setenv("LABEL_STUDIO_URL", proxy.url)
    if way == "environment":
        monkeypatch.setenv("LABEL_STUDIO_API_KEY", token)
    if way == "stored":
        store(Credentials(proxy.url, token))
    if way == "file":
        path = home.parent / "token"
        path.write_text(token)
        path.chmod(0o600)
        return ["--token-file", path], b""
    return (["--token-file", "-"], f"{token}\n".encode()) if way == "input" else ([], b"")


def written(home):
    """The content of every file but the one that holds tokens, which only its owner can read."""
    kept = home / "config" / "intent-workbench" / "labelstudio.json"
    for path in home.rglob("*"):
        if path == kept:
            assert path.stat().st_mode & 0o077 == 0
        elif path.is_file():
            yield path.name, path.read_bytes()


def test_no_token_shows_whatever_is_done_with_it(
    host, workbench, proxy, spy, tokens, home, project, bundle, label_studio, caplog, monkeypatch
):
    caplog.set_level(logging.DEBUG)
    dataset, recipe = home / "dataset", home / "recipe.toml"
    Dataset("intent", ("delivery", "退款"), (Utterance("1", "hi", "hi", ("delivery",)),)).save(dataset)
    recipe.write_text(RECIPE.format(project=project))
    count, shown, failures = itertools.count(), [], 0
    with CommandLines() as command_lines:
        for kind, echo in [*((kind, False) for kind in KINDS), *((kind, True) for kind in KINDS[:2])]:
            spy.echo = echo
            for number, (words, command) in enumerate(verbs(host)):
                way = WAYS[(number + KINDS.index(kind)) % len(WAYS)]
                token_words, stdin = give(way, tokens[kind], proxy, home, monkeypatch)
                given = {
                    **{
                        "project": project,
                        "source": project,
                        "url": proxy.url,
                        "dataset": dataset,
                        "recipe": recipe,
                        "address": NOBODY,
                    },
                    **{"model": bundle.path, "bundle": bundle.path, "words": [bundle.path, project]},
                    **{"title": f"canary {next(count)}", "out": home / f"out-{next(count)}"},
                }
                line = [*words_for(command, given), *token_words]
                result = workbench("--debug", "--verbose", "labelstudio", *words, *line, stdin=stdin)
                failures += result.exit_code != 0
                shown += [result.output, "".join(traceback.format_exception(result.exception or None))]
    logged = "\n".join(logging.Formatter().format(record) for record in caplog.records)
    everything = {"output": "\n".join(shown).encode(), "logs": logged.encode(), **dict(written(home))}
    everything["command lines"] = b"\n".join(command_lines.seen)
    secrets = {*spy.secrets, *tokens.values()}
    assert len(secrets) > len(tokens), "no access token was seen"
    assert failures > 2 * len(verbs(host))
    assert {"httpx", "workbench_labelstudio"} <= {record.name.partition(".")[0] for record in caplog.records}
    assert b"[token]" in everything["output"]
    for secret in secrets:
        found = [name for name, content in everything.items() if secret.encode() in content]
        assert not found, f"a token of {len(secret)} characters shows in {found}"


@pytest.mark.parametrize("kind", ["personal", "wrong legacy"])
def test_no_token_shows_in_a_process(proxy, spy, tokens, home, project, kind):
    """As it is run: what it writes to stderr itself, its command line, and the debug level by the environment."""
    token = home.parent / "token"
    token.write_text(tokens[kind])
    token.chmod(0o600)
    lines = ([*("connect", proxy.url)], [*("pull", str(project), "--url", proxy.url)])
    said = b""
    with CommandLines() as command_lines:
        for words in lines:
            command = [sys.executable, "-m", "workbench", "--debug", "-v", "labelstudio", *words, "--token-file", token]
            process = subprocess.run(command, capture_output=True, env={**os.environ, "WORKBENCH_DEBUG": "1"})
            assert (process.returncode == 0) == (kind == "personal"), process.stderr.decode()
            said += process.stdout + process.stderr
    assert b"HTTP Request: GET" in said
    assert any(b"labelstudio\0connect" in line for line in command_lines.seen)
    content = b"\n".join((said, *command_lines.seen, *(text for _, text in written(home))))
    secrets = {*spy.secrets, tokens[kind]}
    assert len(secrets) > (kind == "personal")
    assert not [len(secret) for secret in secrets if secret.encode() in content]
