"""Fixtures of the whole suite that need the command line: a bundle, a running server, an augmenter."""

from __future__ import annotations

import contextlib
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result

from tests.bundles import write_bundle
from workbench.cli.root import build_cli
from workbench.nouns.bundle import Bundle
from workbench.nouns.utterance import Utterance
from workbench.options import parse_options

TIMEOUT = 30


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Bundle:
    """A real bundle of two intents, `delivery` and `退款`, accepted by the gate; not to be changed."""
    return write_bundle(tmp_path_factory.mktemp("bundles") / "words")


@dataclass
class Server:
    """A running `workbench serve`."""

    process: subprocess.Popen
    announcement: str
    client: httpx.Client

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.terminate()
        return self.process.wait(TIMEOUT)


@pytest.fixture(scope="session")
def workbench(host) -> Callable[..., Result]:
    """Run `workbench ARGUMENTS` in this process."""
    cli = build_cli(host)

    def run(*arguments: object, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=stdin)

    return run


@pytest.fixture(scope="session")
def serving() -> Callable[..., contextlib.AbstractContextManager[Server]]:
    """`with serving(bundle, "--threads", "1") as server:` a server on a free port."""

    @contextlib.contextmanager
    def start(path: Path, *arguments: str, program: tuple[str, ...] = ("-m", "workbench", "serve")) -> Iterator[Server]:
        command = [sys.executable, *program, str(path), "--port", "0", *arguments]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            line = process.stderr.readline()
            url = re.search(r"at (http://\S+) ", line)
            assert url, line + process.stderr.read()
            with httpx.Client(base_url=url[1], timeout=TIMEOUT) as client:
                yield Server(process, line, client)
        finally:
            process.kill()
            process.wait()
            process.stderr.close()

    return start


@pytest.fixture(scope="module")
def augment(host):
    """`augment(name, texts, seed, option=value)`: the pairs of parent and text; a text's parent id is the text."""

    def run(name, texts, seed=13, **options):
        augmenter = host.registry("augmenters")[name]
        rows = [Utterance(text, text, text, ("a",), split="train") for text in texts]
        parsed = parse_options(augmenter.options, {"rate": 1.0, **options}, name)
        return list(augmenter(rows, lambda parent: random.Random(f"{seed} {parent}"), parsed, None))

    return run
