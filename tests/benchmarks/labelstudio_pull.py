"""What it costs to read a labelled project: the SDK's own loop, a first pull, and a pull of what changed.

    python -m tests.benchmarks.labelstudio_pull [--tasks 10126] [--runs 3]

All three run in processes of their own, in turn, on the same project of a real server that is started here: the export
of banking77 beside the checkout. Memory is the process's peak (VmHWM); requests are counted where they are sent.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.records import Records, shared, spread
from tests.label_studio import TOKEN, VERSION, LabelStudioServer
from tests.labelstudio.big import import_all
from tests.labelstudio.rig import annotate, exported, mirrored

COUNT = """
import httpx, json, re, sys
from pathlib import Path
sent = []
send = httpx.Client.send
def counted(self, request, **options):
    sent.append(request.method)
    return send(self, request, **options)
httpx.Client.send = counted
"""
SAY = """
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
writes = len(sent) - sent.count("GET")
print(json.dumps({"tasks": tasks, "requests": len(sent), "writes": writes, "mb": round(peak * 1024 / 1e6, 1)}))
"""
LOOP = f"""{COUNT}
from label_studio_sdk import LabelStudio
client = LabelStudio(base_url=sys.argv[1], api_key=sys.argv[2])
tasks = len([task for task in client.tasks.list(project=int(sys.argv[3]), fields="all")])
{SAY}"""
PULL = f"""{COUNT}
from workbench_labelstudio.http.connection import Connection
from workbench_labelstudio.http.credentials import Credentials
from workbench_labelstudio.pull.mirror import Mirror
from workbench_labelstudio.project.project import read_project
from workbench_labelstudio.pull.pull import pull
with Connection(Credentials(sys.argv[1], sys.argv[2])) as connection:
    mirror = Mirror(Path(sys.argv[4]))
    pull(connection, read_project(connection, int(sys.argv[3])), mirror)
    tasks = len(mirror)
{SAY}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10126)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    export = shared("data", "label-studio", "banking77.json.gz")
    Records("labelstudio_pull").measure(f"{given.tasks:,} tasks", lambda: compare(export, given.tasks, given.runs))


def compare(export: Path, count: int, runs: int) -> dict:
    """The three ways, in turn, each `runs` times; before the last one somebody labels a task."""
    tasks = json.loads(gzip.decompress(export.read_bytes()))[:count]
    config = json.loads(export.with_name("banking77.manifest.json").read_text())["label_config"]
    with tempfile.TemporaryDirectory() as place:
        server = LabelStudioServer(Path(place) / "data").start()
        try:
            assert server.second  # whose annotations there are
            project = server.project(config)
            with server.http() as http:
                import_all(http, project, tasks)
                some = min(exported(http, project))
                found: dict[str, list[dict]] = {"loop": [], "first pull": [], "pull again": [], "pull of a change": []}
                for number in range(runs):
                    mirror = Path(place) / f"mirror {number}"
                    words = (server.url, TOKEN, project, mirror)
                    found["loop"].append(cost(LOOP, *words))
                    found["first pull"].append(cost(PULL, *words))
                    found["pull again"].append(cost(PULL, *words))
                    annotate(http, some, None)
                    found["pull of a change"].append(cost(PULL, *words))
                    assert mirrored(mirror) == exported(http, project)
        finally:
            server.stop(signal.SIGKILL)
    return {"label-studio": VERSION, **{way: summary(costs, len(tasks)) for way, costs in found.items()}}


def cost(code: str, *words: object) -> dict:
    """One process: its seconds, and what it says."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return {"elapsed": time.perf_counter() - begun, **json.loads(done.stdout)}


def summary(costs: list[dict], tasks: int) -> dict:
    assert {one["tasks"] for one in costs} == {tasks}, costs
    return {
        "seconds": spread([round(one["elapsed"], 2) for one in costs]),
        "peak_mb": spread([one["mb"] for one in costs]),
        "requests": sorted({one["requests"] for one in costs}),
        "writes": sorted({one["writes"] for one in costs}),
    }


if __name__ == "__main__":
    main()
