"""The report on agreement: for people, for programs, and its disputes for Excel."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from workbench.api import Host
from workbench.api.cli import table_lines
from workbench.api.io import make_folder, refuse_existing, replace_text
from workbench.api.report import intent_label
from workbench.api.review import Outcome, Summary, Votes
from workbench_review.agreement import AgreementFigures, Dispute, measure_agreement

SHOWN = 20
WIDTH = 60
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute a cell that begins so


def report(votes: Votes, out: Path | None, host: Host) -> Summary:
    """Measure the agreement; write every dispute into the new CSV file `out`.

    Raises:
        WorkbenchError: the file exists already, or the policy refuses the votes.
    """
    if out:
        refuse_existing(out)
    policies = host.registry("consolidations")
    policy = votes.policy or policies.default
    figures = measure_agreement(votes.ballots, policies[policy](votes.ballots).outcomes)
    if out:
        make_folder(out.absolute().parent)
        replace_text(out, _csv(figures, policy))
    return Summary(tuple(_words(figures, policy, out)), _json(figures, policy))


def _words(figures: AgreementFigures, policy: str, out: Path | None) -> Iterable[str]:
    yield f"{figures.tasks:,} labelled tasks, {figures.shared:,} of them by several annotators"
    if figures.anonymous:
        yield f"{figures.anonymous:,} annotations do not say who made them, and are left out"
    if figures.shared:
        share = figures.agreed / figures.shared
        yield f"all say the same on {figures.agreed:,} of {figures.shared:,} ({share:.1%})"
    yield f"Krippendorff's alpha: {_number(figures.alpha, figures.note)}"
    yield from _pairs(figures)
    if figures.intents:
        rows = [
            [_name(one.intent), f"{one.tasks:,}", f"{one.agreed:,}", _number(one.alpha, one.note)]
            for one in figures.intents
        ]
        yield from table_lines(["intent", "tasks", "agreed", "alpha"], rows)
    if figures.disputes:
        rows = [
            [one.ballot.task, _short(one.ballot.text), _votes(one), _made(one.outcome)]
            for one in figures.disputes[:SHOWN]
        ]
        yield from table_lines(["task", "text", "annotator: intent", policy], rows)
        if len(figures.disputes) > SHOWN:
            yield f"and {len(figures.disputes) - SHOWN:,} more disagreements; -o FILE.csv writes all of them"
    if out:
        yield f"{len(figures.disputes):,} disagreements are in {out}"


def _pairs(figures: AgreementFigures) -> Iterable[str]:
    if met := [pair for pair in figures.pairs if pair.tasks]:
        rows = [
            [*pair.annotators, f"{pair.tasks:,}", f"{pair.agreed / pair.tasks:.1%}", _number(pair.kappa, pair.note)]
            for pair in met
        ]
        yield from table_lines(["annotator", "annotator", "tasks", "agreed", "Cohen's kappa"], rows)
    if apart := [pair for pair in figures.pairs if not pair.tasks]:
        some = ", ".join(" and ".join(pair.annotators) for pair in apart[:SHOWN])
        more = f" and {len(apart) - SHOWN:,} more pairs" if len(apart) > SHOWN else ""
        yield f"annotators who share no task: {some}{more}"


def _json(figures: AgreementFigures, policy: str) -> dict[str, Any]:
    return {
        "annotators": figures.annotators,
        "anonymous": figures.anonymous,
        "tasks": figures.tasks,
        "shared": figures.shared,
        "agreed": figures.agreed,
        "agreement": figures.agreed / figures.shared if figures.shared else None,
        "alpha": figures.alpha,
        "note": figures.note,
        "pairs": [dataclasses.asdict(pair) for pair in figures.pairs],
        "intents": [dataclasses.asdict(one) for one in figures.intents],
        "disagreements": [_dispute(one, policy) for one in figures.disputes],
    }


def _dispute(one: Dispute, policy: str) -> Mapping[str, Any]:
    votes = [
        {"annotator": vote.annotator, "intents": list(vote.intents)}
        for vote in one.ballot.votes
        if vote.intents is not None
    ]
    intents = one.outcome.intents
    return {
        "task": one.ballot.task,
        "text": one.ballot.text,
        "votes": votes,
        "policy": policy,
        "intents": None if intents is None else list(intents),
    }


def _csv(figures: AgreementFigures, policy: str) -> str:
    """A column for each annotator; with a byte order mark, without which Excel misreads Chinese."""
    text = io.StringIO()
    writer = csv.writer(text)
    people = list(figures.annotators)
    writer.writerow(["task", "text", *(f"annotator {person}" for person in people), policy])
    for one in figures.disputes:
        given = {vote.annotator: _joined(vote.labels) for vote in one.ballot.votes if vote.intents is not None}
        cells = [one.ballot.task, one.ballot.text, *(given.get(person, "") for person in people)]
        cells.append("" if one.outcome.intents is None else _joined(one.outcome.intents or ((),)))
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return "\ufeff" + text.getvalue()


def _number(value: float | None, note: str | None) -> str:
    return f"{value:.3f}" if value is not None else f"– ({note})"


def _short(text: str) -> str:
    line = " ".join(text[: 10 * WIDTH].split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _votes(one: Dispute) -> str:
    given = [vote for vote in one.ballot.votes if vote.intents is not None]
    return "\n".join(f"{vote.annotator or '?'}: {_joined(vote.labels)}" for vote in given)


def _made(outcome: Outcome) -> str:
    return f"– ({outcome.reason})" if outcome.intents is None else _joined(outcome.intents or ((),))


def _joined(intents: Iterable[Any]) -> str:
    return ", ".join(map(_name, intents))


def _name(intent: Any) -> str:
    return intent_label(intent) or "out of scope"
