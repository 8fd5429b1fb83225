"""A candidate: a model that could be served, with its figures; and what the budgets say of it."""

from __future__ import annotations

import dataclasses
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from workbench.api import Model, WorkbenchError
from workbench.api.quality import TOLERANCE
from workbench_compress import SearchOptions
from workbench_compress.chains import Chain
from workbench_compress.measuring import Bench
from workbench_compress.structure import Structure
from workbench_compress.workshop import Workshop

MB = 1e6
ROUNDING = 1e-9
ANSWERS = ("max_drop", "max_churn")  # budgets of what is answered
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """A measured model.

    Args:
        name: unique in its search.
        chain: the export and what follows it.
        model: as it would be served.
        figures: see `Bench.figures` and `Bench.judged`.
        structure: what is left of the encoder; None where its family is unknown.
        trimmed: whether the vocabulary is.
        epochs: of recovery.
        whole: whether nothing is left out but, it may be, tokens.
        predicted_ms: what the latency table says, None without one.
    """

    name: str
    chain: Chain
    model: Model
    figures: Mapping[str, Any]
    structure: Structure | None
    trimmed: bool = False
    epochs: int = 0
    whole: bool = True
    predicted_ms: float | None = None

    @property
    def exact(self) -> bool:
        """Whether it is the uncompressed model, exported."""
        return self.chain.precision == "fp32" and self.whole and not self.trimmed

    @property
    def steady(self) -> bool:
        """Whether a text is answered the same whatever other texts are asked beside it."""
        return not self.figures["labels_changed_by_company"] and self.figures["score_changed_by_company"] <= TOLERANCE

    @property
    def computation(self) -> tuple[object, ...]:
        """What decides how long it takes: all but its weights."""
        alike = (self.structure, self.chain, self.trimmed, self.model.rows_per_call)
        return alike if self.structure else (*alike, self.name)

    def to_json(self) -> dict[str, Any]:
        """It for the measurements."""
        return {
            "name": self.name,
            "precision": self.chain.precision,
            "chain": dataclasses.asdict(self.chain),
            "passes": list(self.chain.passes),
            "structure": dataclasses.asdict(self.structure) if self.structure else None,
            "trimmed": self.trimmed,
            "epochs": self.epochs,
            "whole": self.whole,
            "predicted_ms": self.predicted_ms,
            **self.figures,
        }


def measured(
    name: str, chain: Chain, origin: Callable[[], Model], lab: Workshop, bench: Bench, **more: Any
) -> Candidate:
    """The candidate that a chain makes of a torch model, with its figures from the note or measured now.

    One whose answers depend on the texts beside is to be asked one text a call.
    """
    model = chain.applied(lab, name, origin)
    full = f"{name}-{chain.name}"
    noted = lab.noted(full, lambda: bench.figures(model, origin()))
    candidate = Candidate(full, chain, model, noted, **more)
    if not candidate.steady and model.rows_per_call != 1:
        model = dataclasses.replace(model, rows_per_call=1)
        noted = lab.noted(f"{full}-alone", lambda: bench.figures(model, origin()))
        candidate = dataclasses.replace(candidate, model=model, figures=noted)
    figures = bench.judged(noted)
    if candidate.exact and figures["drop"]["points"] <= 0:
        figures["drop"]["bound"] = 0.0  # nothing was cut or rounded, and no answer is worse
    return dataclasses.replace(candidate, figures=figures)


def measured_by(
    chains: Iterable[Chain], name: str, origin: Callable[[], Model], lab: Workshop, bench: Bench, **more: Any
) -> list[Candidate]:
    """The candidates that each of the chains makes of a torch model; one that cannot be made is left out, and said."""
    found = []
    for chain in chains:
        try:
            found.append(measured(name, chain, origin, lab, bench, **more))
        except WorkbenchError as error:
            logger.warning("%s-%s is left out: %s", name, chain.name, error)
    return found


def calibrated(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates with times as if all had been measured in the same minutes.

    Each was timed in turn with the yardstick; its share of the yardstick's mean time is multiplied by the median of
    what that took beside all of them. What differs in weights alone, as a cut after more training, takes equally long:
    the median of what was seen.
    """
    usual, alike = median(c.figures["yardstick_ms"] for c in candidates), defaultdict(list)
    for c in candidates:
        alike[c.computation].append(c.figures)

    def time(c: Candidate, key: str) -> float:
        return float(usual * median(seen[key] / seen["yardstick_ms"] for seen in alike[c.computation]))

    times = [{key: time(c, key) for key in ("mean_ms", "p95_ms")} for c in candidates]
    return [dataclasses.replace(c, figures={**c.figures, **t}) for c, t in zip(candidates, times, strict=True)]


@dataclass(frozen=True)
class Limit:
    """A budget.

    Args:
        name: of the option.
        most: its value.
        unit: of both.
        value: how much of it there is in figures of a candidate.
        noise: share of the budget by which one measurement may be off.
    """

    name: str
    most: float
    unit: str
    value: Callable[[Mapping[str, Any]], float]
    noise: float = 0.0

    def over(self, figures: Mapping[str, Any]) -> float:
        """How far a candidate is beyond it; 0 where it keeps it."""
        over = self.value(figures) - self.most
        return 0.0 if over <= ROUNDING else over

    def excess(self, figures: Mapping[str, Any]) -> float:
        """The same as a share of it."""
        return self.over(figures) / (self.most or 1.0)


def points_over(figures: Mapping[str, Any], limits: Iterable[Limit]) -> float:
    """Points by which a candidate's answers are beyond their budgets: what more training may mend."""
    return sum(limit.over(figures) for limit in limits if limit.name in ANSWERS)


def beyond_training(figures: Mapping[str, Any], limits: Iterable[Limit]) -> bool:
    """Whether, for certain, a budget of time, size or memory is broken: training mends none of these."""
    return any(limit.excess(figures) > limit.noise for limit in limits if limit.name not in ANSWERS)


def churn(figures: Mapping[str, Any]) -> float:
    """Points of the dev texts that a candidate answers otherwise than the uncompressed model."""
    return 100 * (1 - float(figures["agreement"]))


def limits(options: SearchOptions) -> list[Limit]:
    """The budgets that were given."""
    return [
        Limit("max_drop", options.max_drop, "points", lambda f: f["drop"]["bound"]),
        *(
            Limit(name, most, unit, value, noise)
            for name, most, unit, value, noise in (
                ("max_churn", options.max_churn, "points", churn, 0.0),
                ("max_latency_ms", options.max_latency_ms, "ms", lambda f: f["p95_ms"], 0.3),
                ("max_size_mb", options.max_size_mb, "MB", lambda f: f["bytes"] / MB, 0.0),
                ("max_memory_mb", options.max_memory_mb, "MB", lambda f: f["memory_bytes"] / MB, 0.1),
            )
            if most is not None
        ),
    ]
