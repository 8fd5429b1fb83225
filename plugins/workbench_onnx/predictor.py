"""Predictions of an ONNX graph with onnxruntime and tokenizers alone."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime

from workbench.api import TOKENIZER_FILE, Model, Predictor, PredictorOptions, WorkbenchError
from workbench_onnx import GRAPH
from workbench_onnx.external import refuse_external_data

if TYPE_CHECKING:
    from workbench.api import Floats

INPUTS = ("input_ids", "attention_mask")  # int64 [batch, sequence]
OUTPUTS = ("logits", "embedding")  # float32 [batch, intents] and [batch, d]
MASK = INPUTS[1]
ROWS_PER_CALL = 32
SLOW = "SkipLayerNormFusion"  # its CPU kernel takes several times as long as the two nodes that it stands for


class OnnxPredictor(Predictor):
    """An ONNX model that answers, on one core a call.

    Args:
        model: a folder with the graph and its tokenizer.
        threads: calls made at the same time; the session and its weights are shared.

    Raises:
        WorkbenchError: the file is missing, keeps data elsewhere, or is no model that we know how to ask.
    """

    def __init__(self, model: Model, *, threads: int = 1) -> None:
        super().__init__(model)
        path = model.path / GRAPH
        self._session, self._pad_id = open_session(path), model.pad_id
        self._inputs = [entry.name for entry in self._session.get_inputs()]
        self._widths = {entry.name: entry.shape[-1] for entry in self._session.get_outputs() if entry.name in OUTPUTS}
        self._check_signature(path)
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None  # its threads start at the first call

    def compute(self, texts: Sequence[str]) -> tuple[Floats | None, Floats | None]:
        """Logits and embeddings; texts of like length share a call, unless the model wants fewer rows a call.

        A graph without a mask cannot be told what is padding: only texts of the same length share a call there.

        Raises:
            WorkbenchError: onnxruntime cannot answer, as when the tokenizer is another model's.
        """
        ids = self.model.encode(texts)
        if len(ids) == 1:  # as most requests are; sorting and joining would cost a tenth of a small model
            answer = self._call(ids)
            return answer.get("logits"), answer.get("embedding")
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        calls = self._calls([ids[row] for row in order])
        none = {name: np.zeros((0, width), np.float32) for name, width in self._widths.items()}
        answers = [none, *(self._pool.map if self._pool else map)(self._call, calls)]
        back = np.argsort(order)
        results = {name: np.concatenate([answer[name] for answer in answers])[back] for name in self._widths}
        return results.get("logits"), results.get("embedding")

    def _calls(self, rows: Sequence[Sequence[int]]) -> list[list[Sequence[int]]]:
        """The rows, shortest first, in the same order and parted into calls."""
        size = self.model.rows_per_call or ROWS_PER_CALL
        alike = [list(rows)] if MASK in self._inputs else [list(group) for _, group in groupby(rows, key=len)]
        return [group[start : start + size] for group in alike for start in range(0, len(group), size)]

    def _call(self, rows: Sequence[Sequence[int]]) -> dict[str, Floats]:
        # a tokenizer without special tokens makes nothing of an empty text, and onnxruntime wants a token
        shape = (len(rows), max(1, *map(len, rows)))
        feed = {"input_ids": np.full(shape, self._pad_id, np.int64), "attention_mask": np.zeros(shape, np.int64)}
        for number, row in enumerate(rows):
            feed["input_ids"][number, : len(row)] = row
            feed["attention_mask"][number, : len(row)] = 1
        try:
            answers = self._session.run(list(self._widths), {name: feed[name] for name in self._inputs})
        except Exception as error:  # onnxruntime's errors share no base class
            raise WorkbenchError(
                f"onnxruntime {onnxruntime.__version__} cannot answer: {_one_line(error)}",
                where=self.model.path,
                remedy=f"The graph is damaged, or {TOKENIZER_FILE} is another model's: make or copy the folder again",
            ) from error
        return dict(zip(self._widths, answers, strict=True))

    def _check_signature(self, path: Path) -> None:
        if unknown := sorted(set(self._inputs) - set(INPUTS)):
            raise WorkbenchError(f"asks for {', '.join(unknown)}, which we do not know how to give", where=path)
        if not self._widths or not all(isinstance(width, int) for width in self._widths.values()):
            raise WorkbenchError(f"has no output of a fixed width called {' or '.join(OUTPUTS)}", where=path)
        width = self._widths.get("logits")
        if width not in (None, len(self.model.intents)):
            raise WorkbenchError(
                f"gives {width} logits for {len(self.model.intents)} intents",
                where=path,
                remedy="Graph and workbench.json do not belong together: make the folder again",
            )


def open_model(model: Model, options: PredictorOptions) -> OnnxPredictor:
    """Open a model of the format `onnx`."""
    return OnnxPredictor(model, threads=options.threads)


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session on one core, from bytes that were checked to point at no other file.

    Raises:
        WorkbenchError: the file is missing, keeps data elsewhere, or onnxruntime does not load it.
    """
    if not path.is_file():
        raise WorkbenchError("is missing", where=path, remedy="The folder is incomplete: make or copy it again")
    data = path.read_bytes()
    refuse_external_data(data, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised; they need no line on stderr as well
    options.add_session_config_entry("session.load_model_format", "ONNX")  # the format that was checked
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("optimization.disable_specified_optimizers", SLOW)
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors share no base class
        raise WorkbenchError(
            f"onnxruntime {onnxruntime.__version__} does not load it: {_one_line(error)}",
            where=path,
            remedy="Make the model again, or upgrade onnxruntime",
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
