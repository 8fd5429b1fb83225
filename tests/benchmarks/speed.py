"""Texts a second of one run's models, one thread each, the same texts, in turn: int8, fp32 ONNX, transformers.pipeline.

    python -m tests.benchmarks.speed RUN [--texts 400] [--rounds 5]

RUN is a run of tests/benchmarks/banking77.toml. The texts are dev rows in their natural lengths; tokenising counts.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1")

from tests.benchmarks.records import Records, spread
from workbench.api import build_host
from workbench.engine.run import Run
from workbench.nouns.model import Model

TARGETS = {"int8 / onnx fp32, one a call": 2.5, "int8 / transformers.pipeline": 4.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--texts", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    bundle = Run.load(asked.run).bundle()
    setting = f"bundle {bundle.id}, {asked.texts} texts, {asked.rounds} rounds"
    found = Records("speed").measure(setting, lambda: compare(asked))
    for name, least in TARGETS.items():
        ratio = found["ratios"][name]["median"]
        print(f"{name}: {ratio:.2f}, target {least}: {'reached' if ratio >= least else 'MISSED'}")


def compare(asked: argparse.Namespace) -> dict:
    """Texts a second by round, and ratios round by round."""
    import torch

    torch.set_num_threads(1)
    run, host = Run.load(asked.run), build_host()
    texts = [row.text for row in run.dataset().labelled("dev")][: asked.texts]
    passes = [stage for stage in run.stages if stage.kind == "compress"]
    plain = host.open_predictor(Model.load(passes[0].path))
    rivals: dict[str, Callable[[list[str]], object]] = {
        "int8": host.open_predictor(run.bundle().model).logits,
        "onnx fp32, one a call": lambda texts: [plain.logits([text]) for text in texts],
        "onnx fp32, batches": plain.logits,
        "transformers.pipeline": pipeline(run),
    }
    speeds: dict[str, list[float]] = {name: [] for name in rivals}
    for rival in rivals.values():
        rival(texts[:20])
    for _ in range(asked.rounds):
        for name, rival in rivals.items():
            begun = time.perf_counter()
            rival(texts)
            speeds[name].append(len(texts) / (time.perf_counter() - begun))
    ratios = {
        f"int8 / {name}": spread([a / b for a, b in zip(speeds["int8"], speeds[name], strict=True)])
        for name in list(rivals)[1:]
    }
    return {"texts a second": {name: spread(values) for name, values in speeds.items()}, "ratios": ratios}


def pipeline(run: Run) -> Callable[[list[str]], object]:
    """What peers serve: `transformers.pipeline` over a classifier of the same encoder and as many intents."""
    import transformers

    path = run.stage("train").path
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        path, num_labels=len(Model.load(path).intents)
    )
    return transformers.pipeline(
        "text-classification",
        model=model.eval(),
        tokenizer=transformers.AutoTokenizer.from_pretrained(path),
        device="cpu",
    )


if __name__ == "__main__":
    main()
