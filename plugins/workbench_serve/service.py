"""The service behind the routes: predicts with a current bundle, which a swap replaces without downtime."""

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
from workbench_serve.limits import InvalidRequest, Limits, slices, text_label, text_problem
from workbench_serve.request_queue import RequestQueue

WARM_UP = ["Hello"]
Item = TypeVar("Item")
Result = TypeVar("Result")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadedBundle(ServedBundle):
    """A bundle with its predictor; one object, so that a swap replaces both at once."""

    predictor: Predictor


class BundleService:
    """The implementation of `workbench.api.serving.Service`.

    Args:
        host: the plugins.
        path: bundle folder or run folder.
        threads: number of slices that run at the same time.
        ungated: whether to serve a bundle that the gate refused or did not check.
        limits: limits of requests and of the queue.
        observe: function that is called with a record of each request.

    Raises:
        WorkbenchError: the bundle does not open, or no gate has checked the bundle.
        GateRefused: the gate refused the bundle.
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
        self._swap_lock = threading.Lock()
        self._jobs = Jobs()
        self._byte_limits: dict[str, int] = {}
        self._closers: list[Callable[[], None]] = []
        self._loaded = self._open(path)

    @property
    def served(self) -> ServedBundle:
        """The current bundle with its id."""
        return self._loaded

    @property
    def bundle(self) -> Bundle:
        """The current bundle."""
        return self._loaded.bundle

    @property
    def bundle_id(self) -> str:
        """The short name of the current bundle, `Bundle.id`."""
        return self._loaded.id

    def predict(self, texts: Sequence[str], *, top: int = 3) -> list[Prediction]:
        """Return the predictions of the current bundle; callable from any thread.

        Raises:
            InvalidRequest: there are too many texts, or a text is too long or blank.
            Unavailable: the queue is full, or the server ends.
        """
        return self.submit(texts, top=top, finish=list).result()

    def submit(self, texts: Sequence[str], *, top: int, finish: Callable[[list[Prediction]], Result]) -> Future[Result]:
        """Return a future of `finish(predictions)` without waiting. The future may be cancelled.

        Raises:
            InvalidRequest: there are too many texts, or a text is too long. The future raises it for blank texts.
            Unavailable: the queue is full, or the server ends. The future may raise this error too.
        """
        self.limits.check(texts)

        def predict(loaded: LoadedBundle, numbers: range) -> list[Prediction]:
            for number in numbers:
                if why := text_problem(texts[number], loaded.predictor):
                    raise InvalidRequest(why, where=text_label(number, len(texts)))
            return loaded.predictor.predict(texts[numbers.start : numbers.stop], top=top)

        return self._submit(texts, predict, lambda _, predictions: finish(predictions))

    def predict_each(self, texts: Sequence[str], *, top: int = 1) -> Future[PredictionBatch]:
        """Return a future of predictions for any number of texts; None for a text that is blank or too long.

        Raises:
            Unavailable: the queue is full, or the server ends. The future may raise this error too.
        """
        max_length = self.limits.characters

        def predict(loaded: LoadedBundle, numbers: range) -> list[Prediction | None]:
            short = [n for n in numbers if len(texts[n]) <= max_length]
            valid = [n for n in short if not text_problem(texts[n], loaded.predictor)]
            predictions = loaded.predictor.predict([texts[n] for n in valid], top=top)
            by_number = dict(zip(valid, predictions, strict=True))
            return [by_number.get(number) for number in numbers]

        return self._submit(texts, predict, PredictionBatch)

    def swap(self, path: Path) -> Bundle:
        """Open, verify and serve another bundle; after a failure the server keeps the current bundle."""
        with self._swap_lock:
            self._loaded = self._open(path)
            logger.info("now serving bundle %s", self._loaded.id)
            return self._loaded.bundle

    def add_job(self, name: str, status: Callable[[], Job]) -> None:
        """Add a background job to the public response of GET /jobs, see `Jobs.add`."""
        self._jobs.add(name, status)

    def job_status(self) -> dict[str, Job]:
        """Return the state of each background job by name."""
        return self._jobs.status()

    def allow_bytes(self, path: str, limit: int) -> None:
        """Set the largest allowed body, in bytes, for requests to a path."""
        self._byte_limits[path] = limit

    def byte_limit(self, path: str) -> int:
        """Return the largest allowed body, in bytes, for requests to a path."""
        return self._byte_limits.get(path, self.limits.bytes)

    def at_end(self, close: Callable[[], None]) -> None:
        """Register a function that the server calls at its end."""
        self._closers.append(close)

    def close(self) -> None:
        """Call every function of `at_end`; failures are logged."""
        for close in self._closers:
            try:
                close()
            except Exception:  # raised by a plugin; the other functions must run too
                logger.exception("a function of at_end failed")

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
