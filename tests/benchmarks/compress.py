"""What compression is worth: searched bundles against what peers serve, on one thread, tokenising included.

    python -m tests.benchmarks.compress banking77 RUN --place FOLDER --drops 0.5,1.0 --minutes 42,54 --size 10
        --rounds 7
    python -m tests.benchmarks.compress smp2017 RUN --place FOLDER --drops 0.5 --minutes 50 --size 30 --churn 2
        --latency 2 --without-peers

RUN is a run of the recipe of that name beside this file. PLACE keeps the peers' model and the bundles: every
setting that was measured stays, so a benchmark that was stopped goes on. A search goes on from what those before it put
aside, of which what it uses counts as its own time. Budgets are judged on dev; the test split is
scored once, in the comparison. Speed is read in two ways: one text a call, which is the headline, and all texts
together, each system in its own best way. `--without-peers` is for data whose targets name none (smp2017). `--limit`
makes it small, to see whether it works.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import numpy as np

from tests.benchmarks.compress_ceiling import shares
from tests.benchmarks.compress_peers import fine_tune, peers
from tests.benchmarks.compress_rivals import ALONE, TOGETHER, Rival, own, percentiles, race, size_of, summed
from tests.benchmarks.compress_verdicts import TARGETS, TUNED, of_search, verdicts
from tests.benchmarks.records import Records
from workbench.api import build_host
from workbench.engine.run import Run
from workbench.host import Host
from workbench.io.files import read_json
from workbench.nouns.bundle import Bundle
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.quality.invariance import batch_invariance
from workbench.quality.samples import evenly
from workbench.serving.open import open_verified

BUDGETS = {"churn": "max-churn", "latency": "max-latency-ms"}  # budgets -> options of a search
INVARIANT = 2000  # texts that are asked alone and among others
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}  # of a search


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=sorted(TARGETS))
    parser.add_argument("run", type=Path)
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--drops", default="0.5,1.0")
    parser.add_argument("--size", type=float, help="MB")
    parser.add_argument("--churn", type=float, help="points of dev, of every search")
    parser.add_argument("--latency", type=float, help="ms of p95, of every search")
    parser.add_argument("--minutes", default="60")
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--without-peers", action="store_true", help="where no target is against them")
    asked = parser.parse_args()
    asked.place.mkdir(parents=True, exist_ok=True)
    records, run, host = Records("compress"), Run.load(asked.run), build_host()
    named, drops = f"{asked.data}, {mark(run, asked)}", asked.drops.split(",")
    budgets = f"{asked.size} MB, {asked.minutes} min" + "".join(
        f", {name} {value}" for name, value in budgeted(asked).items()
    )
    data = limited(run, asked)
    searches = {
        drop: records.measure(f"search, {named}, drop {drop}, {budgets}", lambda: search(run, data, asked, drop))  # noqa: B023
        for drop in drops
    }
    setting = f"comparison, {named}, drops {asked.drops}, {budgets}, {asked.texts} texts, {asked.rounds} rounds"
    setting += ", without peers" if asked.without_peers else ""
    found = records.measure(setting, lambda: compare(run, host, data, asked))
    for drop, seen in searches.items():
        print(of_search(drop, seen))
    for line in verdicts(asked.data, found):
        print(line)
    for name, why in found["absent"].items():
        print(f"{name} is absent: {why}")


def mark(run: Run, asked: argparse.Namespace) -> str:
    """What a folder and a record are called by: the trained model, the seed and the limit."""
    return f"train-{run.stage('train').key[:8]}-seed-{asked.seed}-limit-{asked.limit}"


def limited(run: Run, asked: argparse.Namespace) -> Path:
    """The rows that a search may see: train and dev."""
    path, dataset = asked.place / f"rows-{mark(run, asked)}", run.dataset()
    if not path.is_dir():
        rows = [row for split in ("train", "dev") for row in evenly(dataset.split(split), asked.limit)]
        dataset.with_rows(rows).save(path)
    return path


def bundle_of(run: Run, asked: argparse.Namespace, drop: str) -> Path:
    more = "".join(f"-{name}-{value}" for name, value in budgeted(asked).items())
    return asked.place / f"drop-{drop}{more}-{asked.size}mb-{asked.minutes}min-{mark(run, asked)}"


def budgeted(asked: argparse.Namespace) -> dict[str, float]:
    """Budgets beside drop and size that were given: name -> value."""
    return {name: getattr(asked, name) for name in BUDGETS if getattr(asked, name) is not None}


def minutes_of(asked: argparse.Namespace, drop: str) -> str:
    """Those of the drop in the same place; the last ones are for all that follow."""
    minutes = asked.minutes.split(",")
    return minutes[min(asked.drops.split(",").index(drop), len(minutes) - 1)]


def measurements_of(bundle: Path) -> dict[str, Any]:
    return read_json(bundle.with_name(f"{bundle.name}.measurements") / "search.json")


def search(run: Run, data: Path, asked: argparse.Namespace, drop: str) -> dict[str, Any]:
    """`workbench compress` as a user types it, on all cores; what was chosen, and how long it took.

    `seconds` are those of all its steps, also of the ones before a kill; `wall_seconds` those of this command, None
    where the bundle stood there already.
    """
    out = bundle_of(run, asked, drop)
    more = [f"--max-size-mb={asked.size}"] if asked.size else []
    more += [f"--{BUDGETS[name]}={value}" for name, value in budgeted(asked).items()]
    wall = None
    if not out.exists():
        begun = time.monotonic()
        budgets = [f"--max-drop={drop}", f"--minutes={minutes_of(asked, drop)}", *more]
        compress(run, out, f"--data={data}", f"--work={asked.place / 'aside'}", *budgets, asked=asked)
        wall = time.monotonic() - begun
    measurements = measurements_of(out)
    chosen = next(c for c in measurements["candidates"] if c["chosen"])
    return {
        "seconds": measurements["seconds"],
        "wall_seconds": wall,
        "candidates": len(measurements["candidates"]),
        "chosen": chosen,
    }


def compress(run: Run, out: Path, *options: str, asked: argparse.Namespace) -> None:
    command = [sys.executable, "-m", "workbench", "compress", str(run.stage("train").path), "-o", str(out)]
    subprocess.run([*command, f"--seed={asked.seed}", *options], check=True, env=ENVIRONMENT)


def best_unpruned(measurements: dict[str, Any], most: float, churn: float | None = None) -> dict[str, Any]:
    """Of the unpruned int8 models the fastest on dev that loses and changes so many points there."""
    whole = [c for c in measurements["candidates"] if not c["pruned"] and not c["trimmed"] and c["precision"] == "int8"]
    changed = 1 if churn is None else churn / 100 + 1e-9
    near = [c for c in whole if c["disagreement"] <= changed] or whole
    keeping = [c for c in near if loss_of(c) <= most] or [min(whole, key=loss_of)]
    return min(keeping, key=lambda c: c["mean_ms"])


def loss_of(candidate: dict[str, Any]) -> float:
    """The most that a candidate loses on dev, in points."""
    return float(candidate["accuracy_loss"]["bound"])


def unpruned(run: Run, chosen: dict[str, Any], data: Path, asked: argparse.Namespace) -> Path:
    """The bundle of that one, made by its passes."""
    out = asked.place / f"{chosen['name']}-{mark(run, asked)}"
    if not out.exists():
        passes = chosen["passes"]
        options = [f"--{link['use']}.{k}={v}" for link in passes for k, v in link.items() if k != "use"]
        use = ",".join(link["use"] for link in passes)
        compress(run, out, f"--data={data}", f"--use={use}", *options, asked=asked)
    return out


def compare(run: Run, host: Host, data: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Everything in turn on the test split: texts a second and their ratios, accuracies, sizes, and two shares."""
    dataset, encoder, drops = run.dataset(), run.recipe["train"]["encoder"], asked.drops.split(",")
    rows = evenly(dataset.labelled("test"), asked.limit)
    texts, truth = [row.text for row in rows], np.array(dataset.label_ids(rows))
    whole = best_unpruned(measurements_of(bundle_of(run, asked, drops[0])), max(map(float, drops)), asked.churn)
    ours = {f"drop {drop}": Bundle.load(bundle_of(run, asked, drop)) for drop in drops}
    ours["uncut int8"] = Bundle.load(unpruned(run, whole, data, asked))
    exported = next(stage for stage in run.stages if stage.kind == "compress")
    plain = {"uncut fp32": exported.path, TUNED: run.stage("train").path}
    if not asked.without_peers:
        place = asked.place / f"peer-{mark(run, asked)}"
        peer = fine_tune(dataset, encoder, host, place, asked.seed, asked.limit)

    def own_opened() -> dict[str, Rival]:
        bundles = {name: own(open_verified(bundle, host), bundle.size()) for name, bundle in ours.items()}
        return bundles | {name: own(host.open_predictor(Model.load(at)), size_of(at)) for name, at in plain.items()}

    def peers_opened() -> tuple[dict[str, Rival], dict[str, str]]:
        return ({}, {"each peer": "left out by --without-peers"}) if asked.without_peers else peers(peer)

    timed = evenly(texts, asked.texts)
    raced = race(lambda: own_opened() | peers_opened()[0], timed, asked.rounds)
    theirs, absent = peers_opened()
    rivals = own_opened() | theirs
    return {
        **{
            way: summed(speeds, list(ours)) | {"test accuracy": accuracies(rivals, way, texts, truth)}
            for way, speeds in raced["speeds"].items()
        },
        "milliseconds of a text alone": {name: percentiles(values) for name, values in raced["milliseconds"].items()},
        "texts": {"timed": len(timed), "scored": len(texts)},
        "bytes": {name: rival.bytes for name, rival in rivals.items()},
        "absent": absent,
        "uncut int8 is": whole["name"],
        "batch invariance": {name: invariance(bundle, host, dataset, asked) for name, bundle in ours.items()},
        "share of the int8 ceiling": {way: shares(ours, timed, raced["speeds"][way]) for way in (ALONE, TOGETHER)},
    }


def accuracies(rivals: dict[str, Rival], way: str, texts: list[str], truth: np.ndarray) -> dict[str, float]:
    """The share of the texts that each rival answers right when it is asked in this way."""
    return {name: float((np.array(rival.answers(way, texts)) == truth).mean()) for name, rival in rivals.items()}


def invariance(bundle: Bundle, host: Host, dataset: Dataset, asked: argparse.Namespace) -> dict[str, Any]:
    """Texts alone, and among random others, as the bundle is served."""
    texts = [row.text for row in evenly(dataset.split("train"), min(INVARIANT, asked.limit or INVARIANT))]
    found = batch_invariance(open_verified(bundle, host, threads=2), texts, seed=asked.seed)
    return {
        "texts": found.rows,
        "label changes": found.label_changes,
        "largest difference of a score": found.max_score_difference,
    }


if __name__ == "__main__":
    main()
