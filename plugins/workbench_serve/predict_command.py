"""`workbench predict`: read texts and print predictions as a stream, so that memory use stays constant."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from workbench.api import Host, Prediction, Predictor, UsageProblem, WorkbenchError
from workbench.api.machine import cores
from workbench.api.report import intent_label
from workbench.api.serving import open_bundle
from workbench_serve.limits import text_problem

BLOCK = 1 << 16  # bytes per read


def predict_texts(
    bundle: Path, texts: Sequence[str], *, top: int, as_json: bool, threads: int | None, host: Host
) -> None:
    """Print the predictions for `texts`, or for the lines of standard input.

    Raises:
        WorkbenchError: the bundle does not open, or some lines have no prediction. All other predictions are printed.
    """
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    piped = tuple(texts) in ((), ("-",))
    if not texts and stdin.isatty():
        raise UsageProblem("TEXT is missing", remedy="Add a text, or - to read the lines of standard input")
    predictor = open_bundle(bundle, threads=threads or cores(), host=host)
    writer = PredictionWriter(predictor, top, as_json, "line" if piped else "text")
    for chunk in lines(stdin) if piped else [[os.fsencode(text) for text in texts]]:
        stdout.writelines(writer.lines(chunk))
        stdout.flush()
    writer.check()


def lines(stream: BinaryIO) -> Iterator[list[bytes]]:
    """Yield complete lines in the chunks in which they arrive, so that no line waits for later input."""
    rest: list[bytes] = []
    while block := stream.read1(BLOCK):  # type: ignore[attr-defined]
        head, newline, tail = block.rpartition(b"\n")
        if newline:
            yield b"".join([*rest, head]).split(b"\n")
            rest = []
        rest.append(tail)
    if last := b"".join(rest):
        yield [last]


@dataclass
class PredictionWriter:
    """Format predictions as lines of output, and count the texts without a prediction.

    Args:
        predictor: the opened bundle.
        top: number of intents per text.
        as_json: whether a line is a JSON object.
        unit: noun for an input in errors, `line` or `text`.
    """

    predictor: Predictor
    top: int
    as_json: bool
    unit: str
    seen: int = 0
    failed: int = 0
    first: str = field(default="", init=False)

    def lines(self, raw: Sequence[bytes]) -> Iterable[bytes]:
        """Yield the output lines for raw texts, in their order."""
        texts = [self._read(line) for line in raw]
        predictions = iter(self.predictor.predict([text for text, why in texts if why is None], top=self.top))
        for text, why in texts:
            self.seen += 1
            if why is not None:
                self.failed += 1
                self.first = self.first or f"{self.unit} {self.seen} {why}"
            yield self._line(text, why, None if why is not None else next(predictions)).encode() + b"\n"

    def check(self) -> None:
        """Raise if a text had no prediction."""
        if self.failed:
            counts = f"{self.failed} of {self.seen} {self.unit}s"
            raise WorkbenchError(f"{counts} have no prediction; the first: {self.first}")

    def _read(self, line: bytes) -> tuple[str, str | None]:
        try:
            text = line.decode("utf-8-sig").removesuffix("\r")
        except UnicodeDecodeError:
            return line.decode("utf-8", "replace").removesuffix("\r"), "is not UTF-8"
        return text, text_problem(text, self.predictor)

    def _line(self, text: str, why: str | None, prediction: Prediction | None) -> str:
        if self.as_json:
            row = prediction.to_json() if prediction else {"error": why}
            return json.dumps({"text": text, **row}, ensure_ascii=False)
        flat = " ".join(text.splitlines())
        if prediction is None:
            return f"\t\t{flat}"
        return "\n".join(f"{intent_label(intent)}\t{score:.4f}\t{flat}" for intent, score in prediction.top)
