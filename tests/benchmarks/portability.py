"""Do int8 models answer alike on a CPU without int8 dot products? Asked natively, and under emulation of such a CPU.

    python -m tests.benchmarks.portability [PATH ...] [--cpu Haswell] [--texts 200] [--csv FILE]

PATH is a bundle, which is asked as it is, or a run of tests/benchmarks/banking77.toml, whose trained model is fused and
quantized in four ways; without a PATH such a run is made. Needs `qemu-x86_64` (Debian: qemu-user). All answer the same
texts, those of BANKING77's test split or of the column `text` of FILE, in a process that is emulated; labels and scores
are compared with those given here, and those of a run's models with float32.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import numpy as np

from tests.benchmarks.records import Records, shared
from workbench.api import build_host
from workbench.context import Context
from workbench.engine.run import Run
from workbench.nouns.bundle import MANIFEST, Bundle
from workbench.nouns.model import Model
from workbench.options import parse_options
from workbench.quality.samples import evenly

RECIPE = Path(__file__).parent / "banking77.toml"
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
from workbench.serving import open_any
host = build_host(["workbench_onnx"])
texts = json.loads(sys.stdin.read())
predictors = {folder: open_any(Path(folder), host) for folder in sys.argv[1:]}
print(json.dumps({folder: (p.logits(texts) / p.temperature).tolist() for folder, p in predictors.items()}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", metavar="PATH", nargs="*", type=Path)
    parser.add_argument("--cpu", default="Haswell")
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--csv", type=Path)
    asked = parser.parse_args()
    if shutil.which("qemu-x86_64") is None:
        raise SystemExit("qemu-x86_64 is not here: apt-get install qemu-user")
    with tempfile.TemporaryDirectory() as work:
        for path in asked.paths or [Path(work) / "run"]:
            setting = (
                f"{asked.cpu}, {asked.texts} texts{f' of {asked.csv.name}' if asked.csv else ''}, {identity(path)}"
            )
            Records("portability").measure(setting, lambda path=path: compare(path, Path(work), asked))


def identity(path: Path) -> str:
    """What a record is called by: a bundle by its id and bits, a run by the recipe."""
    if not (path / MANIFEST).is_file():
        return RECIPE.stem
    bundle = Bundle.load(path)
    bits = ["7-bit" if step["reduce_range"] else "8-bit" for step in bundle.model.history if "reduce_range" in step]
    return f"bundle {bundle.id}, {bits[-1] if bits else 'float'} weights"


def compare(path: Path, work: Path, asked: argparse.Namespace) -> dict:
    """For each model: labels that change and the largest difference of a score, to here and to float32."""
    source = asked.csv or shared("data", "banking77", "test.csv")
    with source.open(encoding="utf-8", newline="") as file:
        rows = [row["text"] for row in csv.DictReader(file)]
    texts = evenly(rows, asked.texts)
    folders = {"bundle": path} if (path / MANIFEST).is_file() else models(path, work)
    here = ask([], folders, texts)
    there = ask(["qemu-x86_64", "-cpu", asked.cpu], folders, texts)
    found = {name: {"there against here": difference(there[name], here[name])} for name in folders}
    for name in folders if "fp32" in folders else ():
        found[name]["there against fp32"] = difference(there[name], here["fp32"])
        found[name]["here against fp32"] = difference(here[name], here["fp32"])
    return found


def models(path: Path, work: Path) -> dict[str, Path]:
    """The run's model, fused, in float32 and each kind of int8; the run is made where there is none."""
    if not path.exists():
        subprocess.run([sys.executable, "-m", "workbench", "run", str(RECIPE), "-o", str(path)], check=True)
    run, host = Run.load(path), build_host()
    context = Context(host=host, seed=13, work=work, dataset=run.dataset())
    passes, model = host.registry("passes"), Model.load(run.stage("train").path)
    for name in ("onnx", "fuse"):
        model = passes[name](model, work / name, passes[name].options(), context)
    folders = {"fp32": model.path}
    for name, options in KINDS.items():
        chosen = parse_options(passes["int8"].options, options, "int8")
        folders[name] = passes["int8"](model, work / name, chosen, context).path
    return folders


def ask(emulator: list[str], folders: dict[str, Path], texts: list[str]) -> dict[str, np.ndarray]:
    """Scores of each model, from a process that the emulator runs."""
    command = [*emulator, sys.executable, "-c", ASK, *map(str, folders.values())]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} ended with {done.returncode}: {done.stderr[-500:]}")
    answers = {name: np.array(json.loads(done.stdout)[str(folder)]) for name, folder in folders.items()}
    powers = {name: np.exp(logits - logits.max(1, keepdims=True)) for name, logits in answers.items()}
    return {name: power / power.sum(1, keepdims=True) for name, power in powers.items()}


def difference(one: np.ndarray, two: np.ndarray) -> dict[str, float]:
    """Rows with another label, and the largest difference of a score."""
    return {
        "labels": int((one.argmax(1) != two.argmax(1)).sum()),
        "largest score difference": float(f"{np.abs(one - two).max():.2e}"),
    }


if __name__ == "__main__":
    main()
