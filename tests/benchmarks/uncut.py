"""Texts a second and dev accuracy of one uncut model: fp32, fused, int8 of each kind; and optimum's way to int8.

    python -m tests.benchmarks.uncut RUN [--texts 200] [--rounds 5]

RUN is a run of tests/benchmarks/banking77.toml. The texts are dev rows in their natural lengths, tokenising included,
on one thread; rivals take turns on chunks of ten. CPU time is counted, so that a busy machine changes less. A rival
`alone` gets a text a call; `together`, it gets all of them at once. Accuracy is of all dev rows, and of ours only: the
peer has a head of random weights, which changes nothing in its time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

import numpy as np

from tests.benchmarks.records import Records, spread
from workbench import build_host
from workbench.context import Context
from workbench.engine.run import Run
from workbench.nouns.model import Model
from workbench.nouns.predictor import Predictor
from workbench.options import parse_options
from workbench_quantize.invariance import batch_invariance

PEER, BARE = "optimum int8", "optimum int8, bare session"
LEAST, CHUNK = 1.3, 10
STATIC = {"mode": "static"}
CHAINS: dict[str, list[tuple[str, dict]]] = {
    "fp32": [("onnx", {})],
    "fused fp32": [("onnx", {}), ("fuse", {})],
    "fused fp16 weights": [("onnx", {}), ("fuse", {}), ("fp16-weights", {})],
    "dynamic int8": [("onnx", {}), ("int8", {})],
    "fused dynamic int8": [("onnx", {}), ("fuse", {}), ("int8", {})],
    "fused static int8": [("onnx", {}), ("fuse", {}), ("int8", STATIC)],
}
Rival = Callable[[list[str]], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    found = Records("uncut").measure(f"{asked.texts} texts, {asked.rounds} rounds", lambda: compare(asked))
    for peer in (PEER, BARE):
        for name in ("fused dynamic int8, alone", "fused static int8, together"):
            ratio = found["ratios"][f"{name} / {peer}"]["median"]
            print(f"{name} / {peer}: {ratio:.2f}, target {LEAST}: {'reached' if ratio >= LEAST else 'MISSED'}")


def compare(asked: argparse.Namespace) -> dict:
    """Accuracies, sizes, texts a second by round, and ratios to both peers."""
    run, host = Run.load(asked.run), build_host()
    rows = run.dataset().labelled("dev")
    texts = [row.text for row in rows][: asked.texts]
    with tempfile.TemporaryDirectory() as work:
        context = Context(host=host, seed=13, work=Path(work), dataset=run.dataset())
        trained = Model.load(run.stage("train").path)
        models = {name: build(chain, trained, context, Path(work)) for name, chain in CHAINS.items()}
        predictors = {name: host.open_predictor(model) for name, model in models.items()}
        rivals: dict[str, Rival] = dict(optimum(trained.path, Path(work)))
        for name, predictor in predictors.items():
            rivals[f"{name}, alone"] = alone(predictor)
        rivals["fused static int8, together"] = predictors["fused static int8"].logits
        rivals["fused fp32, together"] = predictors["fused fp32"].logits
        speeds = race(rivals, texts, asked.rounds)
        return {
            "accuracy": {name: accuracy(predictor, rows) for name, predictor in predictors.items()},
            "bytes": {name: (model.path / "model.onnx").stat().st_size for name, model in models.items()},
            "invariance": {name: invariance(predictor, rows) for name, predictor in predictors.items()},
            "texts a second": {name: spread(values) for name, values in speeds.items()},
            "ratios": {
                f"{name} / {peer}": spread([one / two for one, two in zip(speeds[name], speeds[peer], strict=True)])
                for peer in (PEER, BARE)
                for name in speeds
                if name not in (PEER, BARE)
            },
        }


def build(chain: list[tuple[str, dict]], model: Model, context: Context, work: Path) -> Model:
    """The model after the passes of a chain; a chain that begins like another one shares what that one made."""
    folder = work
    for name, options in chain:
        folder = folder / f"{name}{''.join(options.values())}"
        offer = context.host.named("passes")[name]
        made = folder / "out"
        model = (
            Model.load(made)
            if made.is_dir()
            else offer(model, made, parse_options(offer.options, options, name), context)
        )
    return model


def optimum(trained: Path, work: Path) -> dict[str, Rival]:
    """A plain export of a classifier of the same encoder, quantized as optimum's guide does, asked in two ways."""
    import onnxruntime
    from optimum.onnxruntime import ORTModelForSequenceClassification, ORTQuantizer
    from optimum.onnxruntime.configuration import AutoQuantizationConfig
    from tokenizers import Tokenizer
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    intents = len(Model.load(trained).intents)
    plain, exported, made = (work / name for name in ("plain", "optimum", "optimum-int8"))
    AutoModelForSequenceClassification.from_pretrained(trained, num_labels=intents).save_pretrained(plain)
    AutoTokenizer.from_pretrained(trained).save_pretrained(plain)
    ORTModelForSequenceClassification.from_pretrained(plain, export=True).save_pretrained(exported)
    settings = AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=False)
    ORTQuantizer.from_pretrained(exported).quantize(save_dir=made, quantization_config=settings)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    (file,) = made.glob("*.onnx")
    model = ORTModelForSequenceClassification.from_pretrained(made, file_name=file.name, session_options=options)
    tokenizer = AutoTokenizer.from_pretrained(plain)
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    names, fast = [entry.name for entry in session.get_inputs()], Tokenizer.from_file(str(trained / "tokenizer.json"))

    def ask(texts: list[str]) -> None:
        for text in texts:
            model(**tokenizer(text, return_tensors="np")).logits.argmax()

    def ask_bare(texts: list[str]) -> None:
        for text in texts:
            ids = np.array([fast.encode(text).ids], np.int64)
            feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            session.run(None, {name: feed[name] for name in names})

    return {PEER: ask, BARE: ask_bare}


def alone(predictor: Predictor) -> Rival:
    """One text a call."""
    return lambda texts: [predictor.logits([text]) for text in texts]


def race(rivals: dict[str, Rival], texts: list[str], rounds: int) -> dict[str, list[float]]:
    """Texts a second of CPU time, by round; those `together` get all texts at once, the others take turns."""
    speeds: dict[str, list[float]] = {name: [] for name in rivals}
    for rival in rivals.values():
        rival(texts[:CHUNK])
    for _ in range(rounds):
        seconds = dict.fromkeys(rivals, 0.0)
        for start in range(0, len(texts), CHUNK):
            for name, rival in rivals.items():
                whole = name.endswith("together")
                if not whole or start == 0:
                    begun = time.process_time()
                    rival(texts if whole else texts[start : start + CHUNK])
                    seconds[name] += time.process_time() - begun
        for name, spent in seconds.items():
            speeds[name].append(len(texts) / spent)
    return speeds


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
