"""Do int8 models answer alike on a CPU without int8 dot products? Asked natively, and under emulation of such a CPU.

    python -m tests.benchmarks.portability RUN [--cpu Haswell] [--texts 20]

RUN is a run of tests/benchmarks/banking77.toml. Needs `qemu-x86_64` (Debian: qemu-user). The models answer
the same dev rows in a process that is emulated; labels and logits are compared with those given here, and with float32.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import numpy as np

from tests.benchmarks.records import Records
from workbench import build_host
from workbench.context import Context
from workbench.engine.run import Run
from workbench.nouns.model import Model
from workbench.options import parse_options

KINDS: dict[str, dict[str, str]] = {
    "dynamic, 8-bit weights": {"mode": "dynamic", "reduce_range": "no"},
    "dynamic, 7-bit weights": {"mode": "dynamic", "reduce_range": "yes"},
    "static, 8-bit weights": {"mode": "static", "reduce_range": "no"},
    "static, 7-bit weights": {"mode": "static", "reduce_range": "yes"},
}
ASK = """
import json, sys
from pathlib import Path
from workbench.host import build_host
from workbench.nouns.model import Model
host = build_host(["workbench_onnx"])
texts = json.loads(sys.stdin.read())
predictors = {folder: host.open_predictor(Model.load(Path(folder))) for folder in sys.argv[1:]}
print(json.dumps({folder: predictor.logits(texts).tolist() for folder, predictor in predictors.items()}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--cpu", default="Haswell")
    parser.add_argument("--texts", type=int, default=20)
    asked = parser.parse_args()
    if shutil.which("qemu-x86_64") is None:
        raise SystemExit("qemu-x86_64 is not here: apt-get install qemu-user")
    Records("portability").measure(f"{asked.cpu}, {asked.texts} texts", lambda: compare(asked))


def compare(asked: argparse.Namespace) -> dict:
    """For each kind of int8: labels that change and the largest difference of a logit, to here and to float32."""
    run, host = Run.load(asked.run), build_host()
    rows = run.dataset().labelled("dev")
    texts = [rows[number * len(rows) // asked.texts].text for number in range(asked.texts)]
    with tempfile.TemporaryDirectory() as work:
        context = Context(host=host, seed=13, work=Path(work), dataset=run.dataset())
        passes, model = host.named("passes"), Model.load(run.stage("train").path)
        for name in ("onnx", "fuse"):
            model = passes[name](model, Path(work) / name, passes[name].options(), context)
        folders = {"fp32": model.path}
        for name, options in KINDS.items():
            chosen = parse_options(passes["int8"].options, options, "int8")
            folders[name] = passes["int8"](model, Path(work) / name, chosen, context).path
        here = ask([], folders, texts)
        there = ask(["qemu-x86_64", "-cpu", asked.cpu], folders, texts)
    return {
        name: {
            "there against here": difference(there[name], here[name]),
            "there against fp32": difference(there[name], here["fp32"]),
            "here against fp32": difference(here[name], here["fp32"]),
        }
        for name in folders
    }


def ask(emulator: list[str], folders: dict[str, Path], texts: list[str]) -> dict[str, np.ndarray]:
    """Logits of each model, from a process that the emulator runs."""
    command = [*emulator, sys.executable, "-c", ASK, *map(str, folders.values())]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} ended with {done.returncode}: {done.stderr[-500:]}")
    answers = json.loads(done.stdout)
    return {name: np.array(answers[str(folder)]) for name, folder in folders.items()}


def difference(one: np.ndarray, two: np.ndarray) -> dict[str, float]:
    """Rows with another label, and the largest difference of a logit."""
    return {
        "labels": int((one.argmax(1) != two.argmax(1)).sum()),
        "largest logit difference": round(float(np.abs(one - two).max()), 6),
    }


if __name__ == "__main__":
    main()
