"""What others make of the same encoder and data: a plain Trainer fine-tune, and four ways to serve it on a CPU.

transformers' Trainer needs `pip install accelerate`, and the way `openvino` needs `pip install openvino`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from workbench.encoders import find_encoder
from workbench.host import Host
from workbench.nouns.dataset import Dataset

Answer = Callable[[Sequence[str]], list[int]]  # texts -> indices of intents
EPOCHS, RATE, BATCH = 5, 5e-5, 32


def fine_tune(dataset: Dataset, encoder: str, host: Host, out: Path, seed: int, limit: int | None) -> Path:
    """A sequence classifier as transformers' Trainer makes it, with its usual settings."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments

    if (out / "config.json").is_file():
        return out
    folder = find_encoder(encoder, host.named("encoders")).path
    rows = dataset.labelled("train")[:limit]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    examples = [
        {**tokenizer(row.text, truncation=True, max_length=128), "labels": label}
        for row, label in zip(rows, dataset.label_ids(rows), strict=True)
    ]
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


def peers(model: Path) -> dict[str, Answer]:
    """Each way by name; one text a call, on one thread. What is not installed is left out."""
    ways = {
        "transformers.pipeline": pipeline,
        "optimum fp32": optimum_fp32,
        "optimum dynamic int8": optimum_int8,
        "openvino": openvino,
    }
    found = {}
    for name, way in ways.items():
        try:
            found[name] = way(model)
        except ImportError as error:
            print(f"{name} is left out: {error}")
    return found


def pipeline(model: Path) -> Answer:
    import torch
    import transformers

    torch.set_num_threads(1)
    asked = transformers.pipeline("text-classification", model=str(model), device="cpu")
    return lambda texts: [int(answer["label"].removeprefix("LABEL_")) for answer in asked(list(texts))]


def tokenized(model: Path) -> Callable[[str], Any]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    return lambda text: tokenizer(text, truncation=True, max_length=128, return_tensors="np")


def one_thread() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return options


def optimum_fp32(model: Path) -> Answer:
    from optimum.onnxruntime import ORTModelForSequenceClassification

    exported = model.with_name(f"{model.name}-onnx")
    if not (exported / "model.onnx").is_file():
        ORTModelForSequenceClassification.from_pretrained(model, export=True).save_pretrained(exported)
    return by_optimum(exported, "model.onnx", model)


def optimum_int8(model: Path) -> Answer:
    from optimum.onnxruntime import ORTQuantizer
    from optimum.onnxruntime.configuration import AutoQuantizationConfig

    optimum_fp32(model)
    exported, quantized = model.with_name(f"{model.name}-onnx"), model.with_name(f"{model.name}-int8")
    if not (quantized / "model_quantized.onnx").is_file():
        config = AutoQuantizationConfig.avx512_vnni(is_static=False, per_channel=False)
        ORTQuantizer.from_pretrained(exported).quantize(save_dir=quantized, quantization_config=config)
    return by_optimum(quantized, "model_quantized.onnx", model)


def by_optimum(folder: Path, file: str, model: Path) -> Answer:
    from optimum.onnxruntime import ORTModelForSequenceClassification

    session = ORTModelForSequenceClassification.from_pretrained(folder, file_name=file, session_options=one_thread())
    encode = tokenized(model)
    return lambda texts: [int(session(**encode(text)).logits.argmax()) for text in texts]


def openvino(model: Path) -> Answer:
    import openvino

    optimum_fp32(model)
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(model.with_name(f"{model.name}-onnx") / "model.onnx"), "CPU", {"INFERENCE_NUM_THREADS": 1}
    )
    encode, names = tokenized(model), [entry.get_any_name() for entry in compiled.inputs]

    def answer(texts: Sequence[str]) -> list[int]:
        feeds = (encode(text) for text in texts)
        return [int(compiled({name: feed[name] for name in names})[0].argmax()) for feed in feeds]

    return answer
