"""Texts a second and dev accuracy of one uncut model: fp32, fused, int8 of each kind; and optimum's way to int8.

    python -m tests.benchmarks.uncut RUN [--texts 200] [--rounds 5]

RUN is a run of tests/benchmarks/banking77.toml. The texts are dev rows in their natural lengths, taken evenly, with
tokenising included, on one thread; rivals take turns and are opened anew in each round. CPU time is counted, so that a
busy machine changes less. Each is asked one text a call, and all texts together in its own best way: the peers in
padded batches of 32, sorted by length. Accuracy is of all dev rows, and of ours only: the peer has a head of random
weights, which changes nothing in its time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import numpy as np

from tests.benchmarks.compress_peers import TOGETHER as BATCH
from tests.benchmarks.compress_peers import one_thread, optimum_int8
from tests.benchmarks.compress_rivals import ALONE, TOGETHER, Rival, own, race, size_of, summed
from tests.benchmarks.compress_verdicts import said
from tests.benchmarks.records import Records
from workbench.api import build_host
from workbench.context import Context
from workbench.engine.run import Run
from workbench.nouns.model import Model
from workbench.nouns.predictor import Predictor
from workbench.options import parse_options
from workbench.quality.invariance import batch_invariance
from workbench.quality.samples import evenly

PEER, BARE = "optimum int8", "optimum int8, bare session"
LEAST = 1.3
STATIC = {"mode": "static"}
CHAINS: dict[str, list[tuple[str, dict]]] = {
    "fp32": [("onnx", {})],
    "fused fp32": [("onnx", {}), ("fuse", {})],
    "fused fp16 weights": [("onnx", {}), ("fuse", {}), ("fp16-weights", {})],
    "dynamic int8": [("onnx", {}), ("int8", {})],
    "fused dynamic int8": [("onnx", {}), ("fuse", {}), ("int8", {})],
    "fused static int8": [("onnx", {}), ("fuse", {}), ("int8", STATIC)],
}
JUDGED = ("fused dynamic int8", "fused static int8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    setting = f"train-{Run.load(asked.run).stage('train').key[:8]}, {asked.texts} texts, {asked.rounds} rounds"
    found = Records("uncut").measure(setting, lambda: compare(asked))
    for way in (ALONE, TOGETHER):
        for peer in (PEER, BARE):
            for name in JUDGED:
                ratio = found[way]["ratios"][f"{name} / {peer}"]["median"]
                print(f"{way}, {name} / {peer}: {ratio:.2f}, target {LEAST}: {said(ratio >= LEAST)}")


def compare(asked: argparse.Namespace) -> dict[str, Any]:
    """Accuracies, sizes, texts a second by way and round, and ratios to both peers, each asked in the same way."""
    run, host = Run.load(asked.run), build_host()
    rows = run.dataset().labelled("dev")
    with tempfile.TemporaryDirectory() as work:
        context = Context(host=host, seed=13, work=Path(work), dataset=run.dataset())
        trained = Model.load(run.stage("train").path)
        models = {name: build(chain, trained, context, Path(work)) for name, chain in CHAINS.items()}
        peer = plain(trained, Path(work))

        def opened() -> dict[str, Rival]:
            ours = {name: own(host.open_predictor(model), size_of(model.path)) for name, model in models.items()}
            return ours | {PEER: (whole := optimum_int8(peer)), BARE: bare(trained, peer, whole.bytes)}

        texts = [row.text for row in evenly(rows, asked.texts)]
        speeds = race(opened, texts, asked.rounds, clock=time.process_time)["speeds"]
        predictors = {name: host.open_predictor(model) for name, model in models.items()}
        return {
            **{way: summed(values, list(models)) for way, values in speeds.items()},
            "accuracy": {name: accuracy(predictor, rows) for name, predictor in predictors.items()},
            "bytes": {name: rival.bytes for name, rival in opened().items()},
            "invariance": {name: invariance(predictor, rows) for name, predictor in predictors.items()},
        }


def build(chain: list[tuple[str, dict]], model: Model, context: Context, work: Path) -> Model:
    """The model after the passes of a chain; a chain that begins like another one shares what that one made."""
    folder = work
    for name, options in chain:
        folder = folder / f"{name}{''.join(options.values())}"
        component = context.host.registry("passes")[name]
        made = folder / "out"
        model = (
            Model.load(made)
            if made.is_dir()
            else component(model, made, parse_options(component.options, options, name), context)
        )
    return model


def plain(trained: Model, work: Path) -> Path:
    """A folder with a classifier of the same encoder; its head is random."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    out = work / "plain"
    classifier = AutoModelForSequenceClassification.from_pretrained(trained.path, num_labels=len(trained.intents))
    classifier.save_pretrained(out)
    AutoTokenizer.from_pretrained(trained.path).save_pretrained(out)
    return out


def bare(trained: Model, peer: Path, size: int) -> Rival:
    """The peer's quantized graph without optimum and transformers around it: onnxruntime and tokenizers alone."""
    import onnxruntime
    from tokenizers import Tokenizer

    (file,) = peer.with_name(f"{peer.name}-int8").glob("*.onnx")
    session = onnxruntime.InferenceSession(file, one_thread(), providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    tokenizer = Tokenizer.from_file(str(trained.path / "tokenizer.json"))

    def run(rows: Sequence[Sequence[int]]) -> list[int]:
        ids = np.full((len(rows), max(map(len, rows))), trained.pad_id, np.int64)
        mask = np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)], mask[number, : len(row)] = row, 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return session.run(None, {name: feed[name] for name in names})[0].argmax(1).tolist()

    def ask_all(texts: Sequence[str]) -> list[int]:
        rows = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
        batches = (order[start : start + BATCH] for start in range(0, len(order), BATCH))
        answers = {n: a for batch in batches for n, a in zip(batch, run([rows[n] for n in batch]), strict=True)}
        return [answers[number] for number in range(len(rows))]

    return Rival(lambda text: run([tokenizer.encode(text).ids])[0], ask_all, size)


def accuracy(predictor: Predictor, rows: list) -> float:
    """Share of the rows whose first intent is theirs, in points."""
    intents = np.array([predictor.model.intents.index(row.intents[0]) for row in rows])
    return round(100 * float((predictor.logits([row.text for row in rows]).argmax(1) == intents).mean()), 2)


def invariance(predictor: Predictor, rows: list) -> dict[str, float]:
    """Answers alone against those among random others."""
    found = batch_invariance(predictor, [row.text for row in rows], seed=13)
    return {"label changes": found.label_changes, "largest score difference": found.max_score_difference}


if __name__ == "__main__":
    main()
