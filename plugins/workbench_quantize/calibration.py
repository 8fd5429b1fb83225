"""The texts that static quantization takes the ranges of activations from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from onnxruntime.quantization import CalibrationDataReader

from workbench.api import WorkbenchError
from workbench.api.io import read_lines
from workbench.api.quality import evenly

if TYPE_CHECKING:
    from workbench.api import Context, Model
    from workbench_quantize import Int8Options

LEAST = 16
REMEDY = 'Give a dataset, or texts = "FILE" with a text a line, or take mode = "dynamic", which needs none'


def calibration_texts(model: Model, options: Int8Options, context: Context) -> list[str]:
    """Up to `calibration_rows` texts, evenly from the file `texts`, else from train, else from dev.

    Raises:
        WorkbenchError: there are none, or too few to tell a range.
    """
    origin, found = _source(model, options, context)
    if len(found) < LEAST:
        raise WorkbenchError(
            f"static quantization needs texts to calibrate on, at least {LEAST}; there are {len(found)}",
            where=origin,
            remedy=REMEDY,
        )
    normalize = context.host.normalizer(model.normalization)
    return [normalize(text) for text in evenly(found, options.calibration_rows)]


def _source(model: Model, options: Int8Options, context: Context) -> tuple[Path, list[str]]:
    if options.texts is None:
        splits = ("train", "dev") if context.dataset else ()
        rows = [[row.text for row in context.dataset.split(split)] for split in splits if context.dataset]
        return model.path, next((texts for texts in rows if texts), [])
    path = Path(options.texts).expanduser()
    return path, read_lines(path)


class CalibrationReader(CalibrationDataReader):  # type: ignore[misc]
    """Token ids, one text a call, for the calibrator of onnxruntime."""

    def __init__(self, model: Model, texts: Sequence[str], inputs: Sequence[str]) -> None:
        self._feeds = self._feed(model.encode(texts), inputs)

    def get_next(self) -> dict[str, Any] | None:
        """The next text's inputs; None at the end."""
        return next(self._feeds, None)

    @staticmethod
    def _feed(rows: Sequence[Sequence[int]], inputs: Sequence[str]) -> Iterator[dict[str, Any]]:
        for row in rows:
            if row:
                ids = np.array([row], np.int64)
                feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
                yield {name: feed[name] for name in inputs}
