"""What compression is worth: searched bundles against what peers serve, one thread, one text a call, the same texts.

    python -m tests.benchmarks.compress banking77 RUN --place FOLDER --drops 0.5,1.0 --size 10 [--minutes 60]
    python -m tests.benchmarks.compress smp2017 RUN --place FOLDER --drops 1.0 --size 30 [--minutes 60]
        [--texts 600] [--rounds 5] [--limit ROWS]

RUN is a run of the recipe of that name beside this file. PLACE keeps the peers' model and the bundles: every
setting that was measured stays, so a benchmark that was stopped goes on. Budgets are judged on dev; the test split is
scored once, in the comparison. `--limit` makes it small, to see whether it works.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.update(TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import numpy as np

from tests.benchmarks.compress_peers import fine_tune, peers
from tests.benchmarks.records import Records, spread
from workbench import build_host
from workbench.engine.run import Run
from workbench.nouns.bundle import Bundle
from workbench.nouns.dataset import Dataset
from workbench.nouns.model import Model
from workbench.serving import open_verified

Answer = Callable[[Sequence[str]], list[int]]
TARGETS = {
    "banking77": {
        "drop 0.5": {"optimum dynamic int8": 3.0, "transformers.pipeline": 12.0},
        "drop 1.0": {"optimum dynamic int8": 4.0, "transformers.pipeline": 16.0},
        "uncut int8": {"optimum dynamic int8": 1.3},
    },
    "smp2017": {"drop 1.0": {"uncut fp32": 6.0}},
}
SIZES = {"banking77": {"drop 0.5": 10.0}, "smp2017": {"drop 1.0": 30.0}}  # MB
INVARIANT = 2000
CEILING = (256, 1024, 1024)  # rows, in and out of the large product


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=sorted(TARGETS))
    parser.add_argument("run", type=Path)
    parser.add_argument("--place", type=Path, required=True)
    parser.add_argument("--drops", default="0.5,1.0")
    parser.add_argument("--size", type=float, help="MB")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--limit", type=int)
    asked = parser.parse_args()
    asked.place.mkdir(parents=True, exist_ok=True)
    records, run, host = Records("compress"), Run.load(asked.run), build_host()
    named = f"{run.recipe['train']['encoder'].rstrip('/').rpartition('/')[2]}, seed {asked.seed}"
    named += f", limit {asked.limit}" if asked.limit else ""
    data = limited(run.dataset(), asked)
    for drop in asked.drops.split(","):
        setting = f"search, {named}, drop {drop}, {asked.size} MB, {asked.minutes:g} min"
        records.measure(setting, lambda: search(run, data, asked, drop))  # noqa: B023
    setting = f"comparison, {named}, drops {asked.drops}, {asked.size} MB, {asked.texts} texts, {asked.rounds} rounds"
    found = records.measure(setting, lambda: compare(run, host, asked))
    own = found["test accuracy"]["our fine-tune in torch"]
    for name, wanted in TARGETS[asked.data].items():
        for peer, least in wanted.items():
            if (ratio := found["ratios"].get(f"{name} / {peer}")) is not None:
                print(f"{name} / {peer}: {ratio['median']:.2f}, target {least}", verdict(ratio["median"] >= least))
    for name, most in SIZES[asked.data].items():
        if (size := found["bytes"].get(name)) is not None:
            print(f"{name}: {size / 1e6:.1f} MB, target {most}", verdict(size <= most * 1e6))
    for name, accuracy in found["test accuracy"].items():
        print(f"{name}: {accuracy:.4f} on test, {100 * (own - accuracy):.2f} points below our fine-tune")


def verdict(reached: bool) -> str:
    return "reached" if reached else "MISSED"


def limited(dataset: Dataset, asked: argparse.Namespace) -> Path:
    """The rows that a search may see: train and dev."""
    path = asked.place / ("rows" if asked.limit is None else f"rows-{asked.limit}")
    if not path.is_dir():
        rows = [row for split in ("train", "dev") for row in dataset.split(split)[: asked.limit]]
        dataset.with_rows(rows).save(path)
    return path


def bundle_of(asked: argparse.Namespace, drop: str) -> Path:
    return asked.place / f"drop-{drop}-{asked.size}-{asked.minutes:g}"


def search(run: Run, data: Path, asked: argparse.Namespace, drop: str) -> dict:
    """`workbench compress` as a user types it; what was chosen, and how long it took."""
    out = bundle_of(asked, drop)
    size = [f"--max-size-mb={asked.size}"] if asked.size else []
    command = [sys.executable, "-m", "workbench", "compress", str(run.stage("train").path), "--data", str(data)]
    command += ["-o", str(out), f"--max-drop={drop}", f"--minutes={asked.minutes}", f"--seed={asked.seed}", *size]
    begun = time.monotonic()
    if not out.exists():
        subprocess.run(command, check=True)
    evidence = json.loads((out.with_name(f"{out.name}.evidence") / "search.json").read_text(encoding="utf-8"))
    chosen = next(c for c in evidence["candidates"] if c["chosen"])
    return {"minutes": (time.monotonic() - begun) / 60, "candidates": len(evidence["candidates"]), **chosen}


def uncut(run: Run, host, asked: argparse.Namespace) -> Path:
    """The bundle of the trained model that nothing is cut from, in int8."""
    out = asked.place / f"uncut-{asked.limit}"
    if not out.exists():
        passes = ",".join(name for name in ("onnx", "fuse", "int8") if name in host.named("passes"))
        command = [sys.executable, "-m", "workbench", "compress", str(run.stage("train").path), "--use", passes]
        subprocess.run([*command, "-o", str(out)], check=True)
    return out


def compare(run: Run, host, asked: argparse.Namespace) -> dict:
    """Everything in turn on the test split: texts a second and their ratios, accuracies, sizes, and two shares."""
    os.environ["OMP_NUM_THREADS"] = "1"
    dataset, encoder = run.dataset(), run.recipe["train"]["encoder"]
    rows = dataset.labelled("test")[: asked.limit]
    texts, truth = [row.text for row in rows], np.array(dataset.label_ids(rows))
    plain = fine_tune(dataset, encoder, host, asked.place / f"peer-{asked.seed}-{asked.limit}", asked.seed, asked.limit)
    ours = {f"drop {drop}": Bundle.load(bundle_of(asked, drop)) for drop in asked.drops.split(",")}
    ours["uncut int8"] = Bundle.load(uncut(run, host, asked))
    rivals: dict[str, Answer] = {name: answering(bundle, host) for name, bundle in ours.items()}
    fp32 = next(stage for stage in run.stages if stage.kind == "compress")
    rivals["uncut fp32"] = one_by_one(host.open_predictor(Model.load(fp32.path)))
    rivals["our fine-tune in torch"] = one_by_one(host.open_predictor(Model.load(run.stage("train").path)))
    rivals |= peers(plain)
    speeds = timed(rivals, texts[: asked.texts], asked.rounds)
    return {
        "texts a second": {name: spread(values) for name, values in speeds.items()},
        "ratios": {
            f"{name} / {other}": spread([a / b for a, b in zip(speeds[name], speeds[other], strict=True)])
            for name in ours
            for other in rivals
            if other != name
        },
        "test accuracy": {name: float((np.array(rival(texts)) == truth).mean()) for name, rival in rivals.items()},
        "bytes": {name: bundle.size() for name, bundle in ours.items()},
        "batch invariance": {name: invariance(bundle, host, dataset, asked) for name, bundle in ours.items()},
        "share of the int8 ceiling": shares(ours, host, texts[: asked.texts], speeds),
    }


def answering(bundle: Bundle, host) -> Answer:
    return one_by_one(open_verified(bundle, host, threads=1))


def one_by_one(predictor) -> Answer:
    return lambda texts: [int(predictor.logits([text]).argmax()) for text in texts]


def timed(rivals: dict[str, Answer], texts: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Texts a second of each rival in each round; in a round they follow each other, so that all meet the machine."""
    speeds: dict[str, list[float]] = {name: [] for name in rivals}
    for answer in rivals.values():
        answer(texts[:20])
    for _ in range(rounds):
        for name, answer in rivals.items():
            begun = time.perf_counter()
            answer(texts)
            speeds[name].append(len(texts) / (time.perf_counter() - begun))
    return speeds


def invariance(bundle: Bundle, host, dataset: Dataset, asked: argparse.Namespace) -> dict:
    """Texts alone, and among random others: labels that change, and the largest difference of a score."""
    rng = np.random.default_rng(asked.seed)
    rows = [row.text for row in dataset.split("train")][: min(INVARIANT, asked.limit or INVARIANT)]
    predictor = open_verified(bundle, host, threads=2)
    alone = np.concatenate([predictor.logits([text]) for text in rows])
    order = rng.permutation(len(rows))
    among = predictor.logits([rows[n] for n in order])[np.argsort(order)]
    scores = [np.exp(x - x.max(1, keepdims=True)) for x in (alone, among)]
    one, two = (x / x.sum(1, keepdims=True) for x in scores)
    return {
        "texts": len(rows),
        "labels changed": int((alone.argmax(1) != among.argmax(1)).sum()),
        "largest difference of a score": float(np.abs(one - two).max()),
    }


def shares(ours: dict[str, Bundle], host, texts: Sequence[str], speeds: dict[str, list[float]]) -> dict:
    """Multiplications and additions a second in matrix products with weights, as a share of a large integer product."""
    most = ceiling()
    found = {"ceiling, 10^9 operations a second": most / 1e9}
    for name, bundle in ours.items():
        tokens = sum(map(len, bundle.model.encode(texts))) / len(texts)
        found[name] = 2 * weights(bundle.path / "model.onnx") * tokens * max(speeds[name]) / most
    return found


def weights(path: Path) -> int:
    """Weights that every token is multiplied by: constant operands of products inside the layers."""
    import onnx

    graph = onnx.load(path).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    products = [node for node in graph.node if "MatMul" in node.op_type or node.op_type in ("Attention", "QAttention")]
    used = {name for node in products for name in node.input if name in constants and len(constants[name].dims) == 2}
    return sum(int(np.prod(constants[name].dims)) for name in used)


def ceiling() -> float:
    """Operations a second of a large uint8 × int8 product on one thread of onnxruntime."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    rows, inner, outer = CEILING
    rng = np.random.default_rng(0)
    weight = numpy_helper.from_array(rng.integers(-127, 127, (inner, outer), dtype=np.int8), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "ceiling",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [rows, inner])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [rows, outer])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feed, least = {"x": rng.integers(0, 255, (rows, inner), dtype=np.uint8)}, float("inf")
    for _ in range(50):
        begun = time.perf_counter()
        session.run(None, feed)
        least = min(least, time.perf_counter() - begun)
    return 2 * rows * inner * outer / least


if __name__ == "__main__":
    main()
