"""Requests that fail at random, and a client that is killed at random, between us and a real Label Studio server.

    python -m tests.benchmarks.labelstudio_faults [--seeds 5] [--hard 2] [--kills 20] [--tasks 300]

Every tenth request fails, and with `--hard` seeds four of ten, in one of the ways of `labelstudio_harm.MIXED`, while a
project is created, pulled, pushed to and queued, and pulled and pushed to again after people worked on it; each verb is
run again until it succeeds. And `create`, `pull` and `push` are killed, each `--kills` times: at a random request,
before or after the server did it, or at a random time. Afterwards nothing may be lost or stand twice. Pages and chunks
hold 25 tasks. About 20 minutes.
"""

from __future__ import annotations

import argparse
import collections
import functools
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.records import Records
from tests.label_studio import VERSION
from tests.labelstudio.campaign import (
    PATIENCE,
    Client,
    Stage,
    check_created,
    check_mirror,
    check_predictions,
    relabel,
    set_up,
    work,
)
from tests.labelstudio.harm import Fault, answer
from tests.labelstudio.proxy import Exchange, Proxy

RATE, HARD = 0.1, 0.4  # of the requests fail


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--hard", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=300)
    given = parser.parse_args()
    records = Records("labelstudio_faults")
    with tempfile.TemporaryDirectory() as place:
        stage = set_up(Path(place), given.tasks)
        try:
            for rate, seeds in ((RATE, given.seeds), (HARD, given.hard)):
                for seed in range(seeds):
                    name = f"{rate:.0%} of requests fail, seed {seed}"
                    records.measure(name, functools.partial(fail, stage, rate, seed))
            for verb, scene in SCENES.items():
                whole = records.measure(f"{verb}, not killed", functools.partial(undisturbed, stage, scene))
                for number in range(given.kills):
                    records.measure(f"{verb}, kill {number}", functools.partial(kill, stage, verb, number, whole))
        finally:
            stage.server.stop(signal.SIGKILL)
    kills = [value["value"]["killed"] for name, value in records.values.items() if ", kill " in name]
    print(f"{len(kills)} kills, of which {sum(kills)} came before the end; all states as they should be")


def fail(stage: Stage, rate: float, seed: int) -> dict:
    """All verbs while a part of the requests fails; odd seeds read pages, as from a server without snapshots."""
    draw, title, runs = random.Random(seed), f"fail {rate} {seed}", {}
    with Proxy(stage.server.url) as proxy, stage.server.http() as http:
        client = Client(stage, proxy.url, stage.place / title)
        if seed % 2:
            proxy.harm(answer(403), "POST", "/exports/", times=None)
        proxy.fail(rate, seed)
        runs["create"] = client.until_done("create", stage.dataset, "--title", title)
        project = check_created(stage, title)
        work(http, project, draw)
        runs["pull"] = client.until_done("pull", project)
        check_mirror(http, project, client.mirror())
        runs["push"] = client.until_done("push", stage.bundle, project, "--version", "words-1")
        runs["queue"] = client.until_done("queue", stage.bundle, project)
        work(http, project, draw)
        runs["pull again"] = client.until_done("pull", project)
        check_mirror(http, project, client.mirror())
        runs["push again"] = client.until_done("push", stage.bundle, project, "--version", "words-2")
        check_mirror(http, project, client.mirror())
        check_predictions(http, project, "words-2")
        failed = [seen.fault for seen in proxy.requests if seen.fault]
        kinds = dict(collections.Counter(failed).most_common())
        return {"label-studio": VERSION, "requests": len(proxy.requests), "failed": len(failed), "kinds": kinds} | {
            "runs": runs
        }


@dataclass(frozen=True)
class Scene:
    """A verb that is killed on a stage that was made ready for it.

    Args:
        ready: makes a project of a title ready, by a client that nothing disturbs; the words of the verb.
        check: looks at what there is in the end.
    """

    ready: Callable[..., tuple]
    check: Callable[..., object]


def undisturbed(stage: Stage, scene: Scene) -> dict:
    """How many requests and seconds a verb takes."""
    with Proxy(stage.server.url) as proxy:
        client = Client(stage, proxy.url, stage.place / f"whole {id(scene)}")
        words = scene.ready(stage, client, f"whole {id(scene)}", 0)
        before = len(proxy.requests)
        begun, process = first_request(client, proxy, words)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        return {
            "label-studio": VERSION,
            "tasks": stage.tasks,
            "requests": len(proxy.requests) - before,
            "seconds": round(time.monotonic() - begun, 2),
        }


def kill(stage: Stage, verb: str, number: int, whole: dict) -> dict:
    """Kill a verb once, work on, and run it again."""
    scene, draw, title = SCENES[verb], random.Random(f"{verb} {number}"), f"{verb} {number}"
    with Proxy(stage.server.url) as proxy, stage.server.http() as http:
        client = Client(stage, proxy.url, stage.place / title)
        words = scene.ready(stage, client, title, number)
        pages = verb == "pull" and number // 8 % 2 == 1  # as from a server without snapshots
        if pages:
            proxy.harm(answer(403), "POST", "/exports/", times=None)
        if number % 2:
            request = draw.randrange(whole["requests"] * (2 if pages else 1))
            done = number // 4 % 2 == 0
            moment = f"{'after' if done else 'at'} request {request}"
            holder: list[subprocess.Popen] = []
            proxy.harm(deadly(holder, done), skip=request)
            process = client.start(*words)
            holder.append(process)
        else:
            after = draw.uniform(0, whole["seconds"])
            moment = f"{after:.2f} s after the first request"
            _, process = first_request(client, proxy, words)
            time.sleep(after)
            process.kill()
        process.communicate(timeout=PATIENCE)
        proxy.heal()
        if pages:
            proxy.harm(answer(403), "POST", "/exports/", times=None)
        if verb == "pull":
            relabel(http, int(words[1]), draw)
        runs = client.until_done(*words)
        scene.check(stage, http, client, title, words)
        return {"killed": process.returncode == -signal.SIGKILL, "moment": moment, "pages": pages, "runs": runs}


def first_request(client: Client, proxy: Proxy, words: tuple) -> tuple[float, subprocess.Popen]:
    """Start a verb and wait for its first request; when that was."""
    before, process = len(proxy.requests), client.start(*words)
    while len(proxy.requests) == before and process.poll() is None:
        time.sleep(0.005)
    return time.monotonic(), process


def deadly(holder: list[subprocess.Popen], done: bool) -> Fault:
    """A request at which the client is killed: before the server sees it, or after it did what was asked."""

    def fault(exchange: Exchange) -> None:
        if done:
            exchange.forward()
        holder[0].kill()
        exchange.cut()

    return fault


def ready_create(stage: Stage, client: Client, title: str, number: int) -> tuple:
    return ("create", stage.dataset, "--title", title)


def ready_pull(stage: Stage, client: Client, title: str, number: int) -> tuple:
    """A first pull, or one after people worked."""
    project = stage.filled(title)
    if number % 4 > 1:
        client.until_done("pull", project)
        with stage.server.http() as http:
            work(http, project, random.Random(number))
    return ("pull", project)


def ready_push(stage: Stage, client: Client, title: str, number: int) -> tuple:
    project = stage.filled(title)
    client.until_done("push", stage.bundle, project, "--version", "words-1")
    return ("push", stage.bundle, project, "--version", "words-2")


SCENES = {
    "create": Scene(ready_create, lambda stage, http, client, title, words: check_created(stage, title)),
    "pull": Scene(ready_pull, lambda stage, http, client, title, words: check_mirror(http, words[1], client.mirror())),
    "push": Scene(ready_push, lambda stage, http, client, title, words: check_predictions(http, words[2], "words-2")),
}

if __name__ == "__main__":
    main()
