"""The serving side: one bundle that answers, and can be replaced by another while it does."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from workbench.api import Bundle, Figure, GateRefused, Host, Prediction, Predictor, WorkbenchError
from workbench.api.serving import Answers, Job, Served, find_bundle, open_verified
from workbench_serve.limits import Limits, Unanswerable, answerable, place, slices
from workbench_serve.turns import Turns

WARM_UP = ["Hello"]
Result = TypeVar("Result")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened(Served):
    """A bundle and what answers for it; replaced as one, so that no request sees half of each."""

    predictor: Predictor


class BundleService:
    """A `workbench.serving.service.Service`.

    Args:
        host: the plugins that open bundles.
        path: the bundle, or a run folder.
        threads: cores that answer; all else waits for its turn.
        ungated: serve also what the gate refused or never judged.
        limits: what a request may ask for, and how many may wait.
        answered: called with a record of each answer.

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
        answered: Callable[[Mapping[str, Any]], None] | None = None,
    ) -> None:
        self.host, self.threads, self.ungated = host, threads, ungated
        self.limits = limits or Limits()
        self.answered = answered
        self._swapping = threading.Lock()
        self._jobs: dict[str, Callable[[], Job]] = {}
        self._bytes: dict[str, int] = {}
        self._ends: list[Callable[[], None]] = []
        self.turns = Turns(threads, self.limits.waiting)
        self._opened = self._open(path)

    @property
    def served(self) -> Served:
        """The bundle that answers now and its id, as one."""
        return self._opened

    @property
    def bundle(self) -> Bundle:
        """The bundle that answers now."""
        return self._opened.bundle

    @property
    def bundle_id(self) -> str:
        """Its short name, `Bundle.id`."""
        return self._opened.id

    def predict(self, texts: Sequence[str], *, top: int = 3) -> list[Prediction]:
        """Answers of the current bundle; callable from any thread.

        Raises:
            Unanswerable: there are too many texts, or one is too long or blank.
            Unavailable: too many requests wait already, or the server ends.
        """
        return self.ask(texts, top=top, finish=list).result()

    def ask(self, texts: Sequence[str], *, top: int, finish: Callable[[list[Prediction]], Result]) -> Future[Result]:
        """As `predict`, without waiting: `finish` of the answers, which come in turns; the future may be cancelled.

        Raises:
            Unanswerable: there are too many texts, or one is too long. The future raises it for one that is blank.
            Unavailable: too many requests wait already, or the server ends. The future may raise it, too.
        """
        begun = time.perf_counter()
        opened = self._opened
        self.limits.check(texts)

        def answer(numbers: range) -> list[Prediction]:
            for number in numbers:
                if why := answerable(texts[number], opened.predictor):
                    raise Unanswerable(why, where=place(number, len(texts)))
            return opened.predictor.predict(texts[numbers.start : numbers.stop], top=top)

        def finished(predictions: list[Prediction]) -> Result:
            result = finish(predictions)
            self._tell(opened, begun, predictions)
            return result

        return self.turns.take([partial(answer, numbers) for numbers in slices(texts)], finished)

    def ask_each(self, texts: Sequence[str], *, top: int = 1) -> Future[Answers]:
        """Answers to as many texts as there are, in turns; None to one that is blank or too long.

        Raises:
            Unavailable: too many requests wait already, or the server ends. The future may raise it, too.
        """
        begun = time.perf_counter()
        opened = self._opened
        most, predictor = self.limits.characters, opened.predictor

        def answer(numbers: range) -> list[Prediction | None]:
            read = [n for n in numbers if len(texts[n]) <= most and not answerable(texts[n], predictor)]
            predictions = predictor.predict([texts[number] for number in read], top=top)
            by_number = dict(zip(read, predictions, strict=True))
            return [by_number.get(number) for number in numbers]

        def finished(predictions: list[Prediction | None]) -> Answers:
            self._tell(opened, begun, [prediction for prediction in predictions if prediction])
            return Answers(opened, predictions)

        return self.turns.take([partial(answer, numbers) for numbers in slices(texts)], finished)

    def swap(self, path: Path) -> Bundle:
        """Open and verify another bundle and let it answer from now on; the old one stays when that fails."""
        with self._swapping:
            self._opened = self._open(path)
            logger.info("bundle %s answers now", self._opened.id)
            return self._opened.bundle

    def add_job(self, name: str, status: Callable[[], Job]) -> None:
        """Let everybody see a background job.

        Raises:
            ValueError: there is one of that name.
        """
        if name in self._jobs:
            raise ValueError(f"there is a job {name!r} already")
        self._jobs[name] = status

    def job_status(self) -> dict[str, Job]:
        """The state of each background job by name."""
        return {name: _state(name, status) for name, status in self._jobs.items()}

    def allow_bytes(self, path: str, most: int) -> None:
        """Let requests to a path have so many bytes."""
        self._bytes[path] = most

    def most_bytes(self, path: str) -> int:
        """The bytes that a request to a path may have."""
        return self._bytes.get(path, self.limits.bytes)

    def at_end(self, close: Callable[[], None]) -> None:
        """Have `close` called when the server ends."""
        self._ends.append(close)

    def end(self) -> None:
        """Call all that is to be called at the end; what fails is logged."""
        for close in self._ends:
            try:
                close()
            except Exception:  # of a plugin: the others are still to be closed
                logger.exception("something did not end in order")

    def _tell(self, opened: Opened, begun: float, predictions: Sequence[Prediction]) -> None:
        if self.answered:
            self.answered(
                {
                    "bundle": opened.id,
                    "count": len(predictions),
                    "seconds": time.perf_counter() - begun,
                    "intents": [prediction.intents for prediction in predictions],
                    "scores": [prediction.score for prediction in predictions],
                }
            )

    def _open(self, path: Path) -> Opened:
        bundle = Bundle.load(find_bundle(path))
        if not self.ungated:
            check_gate(bundle)
        predictor = open_verified(bundle, self.host, threads=self.threads)
        predictor.predict(WARM_UP)
        return Opened(bundle, bundle.id, predictor)


def _state(name: str, status: Callable[[], Job]) -> Job:
    try:
        state: Job = json.loads(json.dumps(dict(status()), allow_nan=False, ensure_ascii=False).encode())
        if not isinstance(state["state"], str):
            raise TypeError("'state' is no word")
        return state
    except Exception as error:  # of a plugin: the other jobs are still worth seeing
        logger.exception("the job %s does not tell its state", name)
        return {"state": "unknown", "message": f"{type(error).__name__}: its state cannot be told; the log says why"}


def check_gate(bundle: Bundle) -> None:
    """Raise unless the gate accepted the bundle.

    Raises:
        GateRefused: it was refused, with the budgets that it breaks.
        WorkbenchError: it was never judged.
    """
    if bundle.gate is None:
        raise WorkbenchError(
            "the gate never judged this bundle",
            where=bundle.path,
            remedy="Give the recipe a [gate] and run it, or serve it all the same with --ungated",
        )
    if not bundle.accepted:
        names = [field.name for field in dataclasses.fields(Figure)]
        figures = [Figure(*(figure[name] for name in names)) for figure in bundle.gate["figures"]]
        broken = "; ".join(str(figure) for figure in figures if not figure.kept) or "no figures are given"
        raise GateRefused(
            f"the gate refused this bundle: {broken}",
            where=bundle.path,
            remedy="Train or compress it otherwise, or serve it all the same with --ungated",
        )
