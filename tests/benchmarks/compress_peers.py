"""What others make of the same encoder and data: a plain Trainer fine-tune, and four ways to serve it on a CPU.

transformers' Trainer needs `pip install accelerate`, and the way `openvino` needs `pip install openvino`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.compress_rivals import Rival, size_of
from workbench.encoders import find_encoder
from workbench.host import Host
from workbench.machine import cores
from workbench.nouns.dataset import Dataset
from workbench.quality.samples import evenly

EPOCHS, RATE, BATCH = 5, 5e-5, 32
LONGEST = 128  # tokens
TOGETHER = 32  # texts in a batch of a peer that is given many


def fine_tune(dataset: Dataset, encoder: str, host: Host, out: Path, seed: int, limit: int | None) -> Path:
    """A sequence classifier as transformers' Trainer makes it, with its usual settings."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

    if (out / "config.json").is_file():
        return out
    folder = find_encoder(encoder, host.registry("encoders")).path
    rows = evenly(dataset.labelled("train"), limit)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    examples = [
        {**tokenizer(row.text, truncation=True, max_length=LONGEST), "labels": label}
        for row, label in zip(rows, dataset.label_ids(rows), strict=True)
    ]
    torch.set_num_threads(cores())
    torch.manual_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=len(dataset.intents))
    arguments = TrainingArguments(
        output_dir=str(out.with_suffix(".trainer")),
        num_train_epochs=1 if limit else EPOCHS,
        learning_rate=RATE,
        per_device_train_batch_size=BATCH,
        warmup_ratio=0.06,
        seed=seed,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
    )
    Trainer(model=model, args=arguments, train_dataset=examples, processing_class=tokenizer).train()
    staged = out.with_suffix(".partial")
    shutil.rmtree(staged, ignore_errors=True)
    model.save_pretrained(staged)
    tokenizer.save_pretrained(staged)
    staged.rename(out)
    return out


def peers(model: Path) -> tuple[dict[str, Rival], dict[str, str]]:
    """Each way by name, on one thread; and why those that are not installed are absent."""
    ways = {
        "transformers.pipeline": pipeline,
        "optimum fp32": optimum_fp32,
        "optimum dynamic int8": optimum_int8,
        "openvino": openvino,
    }
    found, absent = {}, {}
    for name, way in ways.items():
        try:
            found[name] = way(model)
        except ImportError as error:
            absent[name] = str(error)
    return found, absent


def pipeline(model: Path) -> Rival:
    import torch
    import transformers

    torch.set_num_threads(1)
    asked = transformers.pipeline("text-classification", model=str(model), device="cpu")
    number = asked.model.config.label2id
    return Rival(
        lambda text: number[asked(text)[0]["label"]],
        lambda texts: [number[answer["label"]] for answer in asked(list(texts), batch_size=TOGETHER)],
        size_of(model),
    )


def batched(model: Path, logits: Callable[[Any], np.ndarray], size: int) -> Rival:
    """A network that takes token ids: one text a call; and many in padded batches of 32, sorted by length."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)

    def ask(text: str) -> int:
        return int(logits(tokenizer(text, truncation=True, max_length=LONGEST, return_tensors="np"))[0].argmax())

    def ask_all(texts: Sequence[str]) -> list[int]:
        rows = tokenizer(list(texts), truncation=True, max_length=LONGEST)
        order = sorted(range(len(texts)), key=lambda n: len(rows["input_ids"][n]))
        answers = [0] * len(texts)
        for start in range(0, len(order), TOGETHER):
            numbers = order[start : start + TOGETHER]
            feed = tokenizer.pad({key: [row[n] for n in numbers] for key, row in rows.items()}, return_tensors="np")
            for number, answer in zip(numbers, logits(feed).argmax(1), strict=True):
                answers[number] = int(answer)
        return answers

    return Rival(ask, ask_all, size)


def one_thread() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return options


def optimum_fp32(model: Path) -> Rival:
    return by_optimum(exported(model), "model.onnx", model)


def exported(model: Path) -> Path:
    from optimum.onnxruntime import ORTModelForSequenceClassification

    out = model.with_name(f"{model.name}-onnx")
    if not (out / "model.onnx").is_file():
        ORTModelForSequenceClassification.from_pretrained(model, export=True).save_pretrained(out)
    return out


def optimum_int8(model: Path) -> Rival:
    from optimum.onnxruntime import ORTQuantizer
    from optimum.onnxruntime.configuration import AutoQuantizationConfig

    quantized = model.with_name(f"{model.name}-int8")
    if not (quantized / "model_quantized.onnx").is_file():
        config = AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=False)
        ORTQuantizer.from_pretrained(exported(model)).quantize(save_dir=quantized, quantization_config=config)
    return by_optimum(quantized, "model_quantized.onnx", model)


def by_optimum(folder: Path, file: str, model: Path) -> Rival:
    from optimum.onnxruntime import ORTModelForSequenceClassification

    session = ORTModelForSequenceClassification.from_pretrained(folder, file_name=file, session_options=one_thread())
    return batched(model, lambda feed: session(**feed).logits, served(folder / file, model))


def openvino(model: Path) -> Rival:
    import openvino

    file, core = exported(model) / "model.onnx", openvino.Core()
    compiled = core.compile_model(core.read_model(file), "CPU", {"INFERENCE_NUM_THREADS": 1})
    names = [entry.get_any_name() for entry in compiled.inputs]
    return batched(model, lambda feed: compiled({name: feed[name] for name in names})[0], served(file, model))


def served(network: Path, model: Path) -> int:
    """Bytes of a network and of what has to lie beside it: configuration and tokenizer."""
    return size_of(network, model / "config.json", *(path for path in model.glob("*token*.json")))
