"""The report on agreement, for people and for programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from workbench.api.cli import table_lines
from workbench.api.report import intent_label
from workbench.api.review import Summary
from workbench_review.agreement import AgreementFigures, Dispute, measure_agreement

if TYPE_CHECKING:
    from workbench.api import Host
    from workbench.api.review import Votes

SHOWN = 20  # disagreements that are listed for people
WIDTH = 60  # characters of a text


def report(votes: Votes, host: Host) -> Summary:
    """Measure the agreement.

    Raises:
        WorkbenchError: the policy refuses the votes.
    """
    policies = host.registry("consolidations")
    policy = votes.policy or policies.default
    figures = measure_agreement(votes.ballots, policies[policy](votes.ballots).outcomes, policy)
    return Summary(tuple(_words(figures)), dataclasses.asdict(figures))


def _words(figures: AgreementFigures) -> Iterable[str]:
    yield f"{figures.tasks:,} labelled tasks, {figures.shared:,} of them by several annotators"
    if figures.anonymous:
        yield f"{figures.anonymous:,} annotations do not say who made them, and are left out"
    if figures.agreement is not None:
        yield f"all say the same on {figures.agreed:,} of {figures.shared:,} ({figures.agreement:.1%})"
    yield f"Krippendorff's alpha: {_number(figures.alpha, figures.note)}"
    pairs = [
        [*pair.annotators, f"{pair.tasks:,}", f"{pair.agreed / pair.tasks:.1%}", _number(pair.kappa, pair.note)]
        for pair in figures.pairs
        if pair.tasks
    ]
    intents = [
        [_joined([one.intent]), f"{one.tasks:,}", f"{one.agreed:,}", _number(one.alpha, one.note)]
        for one in figures.intents
    ]
    disputes = [[one.task, _short(one.text), _votes(one), _made(one)] for one in figures.disagreements[:SHOWN]]
    yield from _table(["annotator", "annotator", "tasks", "agreed", "Cohen's kappa"], pairs)
    yield from _table(["intent", "tasks", "agreed", "alpha"], intents)
    yield from _table(["task", "text", "annotator: intent", figures.policy], disputes)
    if len(figures.disagreements) > SHOWN:
        yield f"and {len(figures.disagreements) - SHOWN:,} more disagreements; --json gives all of them"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return table_lines(columns, rows) if rows else []


def _number(value: float | None, note: str | None) -> str:
    return f"{value:.3f}" if value is not None else f"– ({note})"


def _short(text: str) -> str:
    line = " ".join(text[: 10 * WIDTH].split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _votes(one: Dispute) -> str:
    return "\n".join(f"{vote.annotator or '?'}: {_joined(vote.labels)}" for vote in one.votes)


def _made(one: Dispute) -> str:
    return f"– ({one.reason})" if one.intents is None else _joined(one.intents or ((),))


def _joined(intents: Iterable[Any]) -> str:
    return ", ".join(intent_label(intent) or "out of scope" for intent in intents)
