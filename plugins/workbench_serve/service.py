"""The serving side: one current bundle, which another bundle can replace while requests come in."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from workbench.api import Bundle, Host, Prediction, Predictor
from workbench.api.serving import Job, Jobs, PredictionBatch, ServedBundle, find_bundle, open_verified
from workbench_serve.gate_check import check_gate
from workbench_serve.limits import InvalidRequest, Limits, place, slices, text_problem
from workbench_serve.request_queue import RequestQueue

WARM_UP = ["Hello"]
Item = TypeVar("Item")
Result = TypeVar("Result")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadedBundle(ServedBundle):
    """A bundle and its predictor; replaced as one, so that no request sees half of each."""

    predictor: Predictor


class BundleService:
    """A `workbench.api.serving.Service`.

    Args:
        host: the plugins that open bundles.
        path: the bundle, or a run folder.
        threads: slices of requests that are worked on at the same time.
        ungated: serve also a bundle that the gate refused or never judged.
        limits: what a request may have, and how many may wait.
        observe: called with a record of each request.

    Raises:
        WorkbenchError: the bundle does not open, or the gate never judged it.
        GateRefused: the gate refused it.
    """

    def __init__(
        self,
        host: Host,
        path: Path,
        *,
        threads: int = 1,
        ungated: bool = False,
        limits: Limits | None = None,
        observe: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.host, self.threads, self.ungated = host, threads, ungated
        self.limits = limits or Limits()
        self.observe = observe
        self.queue = RequestQueue(threads, self.limits.waiting)
        self._swapping = threading.Lock()
        self._jobs = Jobs()
        self._bytes: dict[str, int] = {}
        self._ends: list[Callable[[], None]] = []
        self._loaded = self._open(path)

    @property
    def served(self) -> ServedBundle:
        """The current bundle and its id in one step."""
        return self._loaded

    @property
    def bundle(self) -> Bundle:
        """The current bundle."""
        return self._loaded.bundle

    @property
    def bundle_id(self) -> str:
        """Its short name, `Bundle.id`."""
        return self._loaded.id

    def predict(self, texts: Sequence[str], *, top: int = 3) -> list[Prediction]:
        """Give the predictions of the current bundle; callable from any thread.

        Raises:
            InvalidRequest: there are too many texts, or one is too long or blank.
            Unavailable: too many requests wait already, or the server ends.
        """
        return self.submit(texts, top=top, finish=list).result()

    def submit(self, texts: Sequence[str], *, top: int, finish: Callable[[list[Prediction]], Result]) -> Future[Result]:
        """Predict without waiting; the result is `finish` of the predictions. The future may be cancelled.

        Raises:
            InvalidRequest: there are too many texts, or one is too long. The future raises it for a blank one.
            Unavailable: too many requests wait already, or the server ends. The future may raise it, too.
        """
        self.limits.check(texts)

        def predict(loaded: LoadedBundle, numbers: range) -> list[Prediction]:
            for number in numbers:
                if why := text_problem(texts[number], loaded.predictor):
                    raise InvalidRequest(why, where=place(number, len(texts)))
            return loaded.predictor.predict(texts[numbers.start : numbers.stop], top=top)

        return self._submit(texts, predict, lambda _, predictions: finish(predictions))

    def predict_each(self, texts: Sequence[str], *, top: int = 1) -> Future[PredictionBatch]:
        """Predict any number of texts without waiting; None for a text that is blank or too long.

        Raises:
            Unavailable: too many requests wait already, or the server ends. The future may raise it, too.
        """
        most = self.limits.characters

        def predict(loaded: LoadedBundle, numbers: range) -> list[Prediction | None]:
            valid = [n for n in numbers if len(texts[n]) <= most and not text_problem(texts[n], loaded.predictor)]
            predictions = loaded.predictor.predict([texts[n] for n in valid], top=top)
            by_number = dict(zip(valid, predictions, strict=True))
            return [by_number.get(number) for number in numbers]

        return self._submit(texts, predict, PredictionBatch)

    def swap(self, path: Path) -> Bundle:
        """Open, verify and serve another bundle; the current one stays when that fails."""
        with self._swapping:
            self._loaded = self._open(path)
            logger.info("bundle %s is served now", self._loaded.id)
            return self._loaded.bundle

    def add_job(self, name: str, status: Callable[[], Job]) -> None:
        """Show a background job to everybody, see `Jobs.add`."""
        self._jobs.add(name, status)

    def job_status(self) -> dict[str, Job]:
        """Give the state of each background job by name."""
        return self._jobs.status()

    def allow_bytes(self, path: str, most: int) -> None:
        """Let requests to a path have so many bytes."""
        self._bytes[path] = most

    def most_bytes(self, path: str) -> int:
        """Give the bytes that a request to a path may have."""
        return self._bytes.get(path, self.limits.bytes)

    def at_end(self, close: Callable[[], None]) -> None:
        """Have `close` called when the server ends."""
        self._ends.append(close)

    def end(self) -> None:
        """Call every function of `at_end`; a failure is logged."""
        for close in self._ends:
            try:
                close()
            except Exception:  # of a plugin: the others are still to be closed
                logger.exception("something did not end in order")

    def _submit(
        self,
        texts: Sequence[str],
        predict: Callable[[LoadedBundle, range], Iterable[Item]],
        finish: Callable[[LoadedBundle, list[Item]], Result],
    ) -> Future[Result]:
        begun, loaded = time.perf_counter(), self._loaded

        def finish_and_observe(items: list[Item]) -> Result:
            result = finish(loaded, items)
            self._observe(loaded, begun, [item for item in items if isinstance(item, Prediction)])
            return result

        return self.queue.submit([partial(predict, loaded, numbers) for numbers in slices(texts)], finish_and_observe)

    def _observe(self, loaded: LoadedBundle, begun: float, predictions: Sequence[Prediction]) -> None:
        if self.observe:
            self.observe(
                {
                    "bundle": loaded.id,
                    "count": len(predictions),
                    "seconds": time.perf_counter() - begun,
                    "intents": [prediction.intents for prediction in predictions],
                    "scores": [prediction.score for prediction in predictions],
                }
            )

    def _open(self, path: Path) -> LoadedBundle:
        bundle = Bundle.load(find_bundle(path))
        if not self.ungated:
            check_gate(bundle)
        predictor = open_verified(bundle, self.host, threads=self.threads)
        predictor.predict(WARM_UP)
        return LoadedBundle(bundle, bundle.id, predictor)
