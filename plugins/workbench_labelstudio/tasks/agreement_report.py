"""The report of `workbench labelstudio agreement`: for people, for programs, and its disagreements for Excel."""

from __future__ import annotations

import csv
import dataclasses
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from workbench.api.cli import echo_json, say, table
from workbench.api.io import make_folder, refuse_existing, replace_text
from workbench.api.report import intent_label
from workbench_labelstudio.tasks.agreement import Agreement, measure_agreement
from workbench_labelstudio.tasks.controls import choose_control
from workbench_labelstudio.tasks.record import dispute
from workbench_labelstudio.tasks.task_parser import parse_task
from workbench_labelstudio.tasks.votes import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from workbench_labelstudio.options import TaskOptions

SHOWN = 20
WIDTH = 60
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would work out what begins so


@dataclass(frozen=True)
class Comparison:
    """An agreement, and where it comes from."""

    source: str
    control: str | None
    options: TaskOptions
    agreement: Agreement
    table: Path | None


def report(
    tasks: Iterable[Mapping[str, Any]],
    options: TaskOptions,
    source: str,
    out: Path | None,
    known: Collection[str] = (),
) -> Comparison:
    """Measure the agreement on tasks; with `out`, write the disagreements into a new CSV file.

    Args:
        tasks: as Label Studio exports or lists them.
        options: what makes an utterance.
        source: where the tasks come from, for messages.
        out: the file.
        known: the controls of the label config, where that is known.

    Raises:
        WorkbenchError: the file exists already, or see `tasks_to_dataset`.
    """
    if out:
        refuse_existing(out)
    parsed = [parse_task(task, source) for task in tasks]
    control = choose_control(parsed, options.control, source, known)
    verdicts, _ = judge(parsed, control, options, source)
    agreement = measure_agreement(verdicts)
    if out:
        make_folder(out.absolute().parent)
        replace_text(out, _csv(agreement, options))
    return Comparison(source, control, options, agreement, out)


def show(comparison: Comparison, *, as_json: bool) -> None:
    """Print it."""
    agreement = comparison.agreement
    if as_json:
        echo_json(_json(comparison))
        return
    click.echo(
        f"{comparison.source}: {agreement.tasks:,} labelled tasks, {agreement.shared:,} of them by several annotators"
    )
    if agreement.anonymous:
        click.echo(f"{agreement.anonymous:,} annotations do not say who made them, and are left out")
    if agreement.shared:
        share = agreement.agreed / agreement.shared
        click.echo(f"all say the same on {agreement.agreed:,} of {agreement.shared:,} ({share:.1%})")
    click.echo(f"Krippendorff's alpha: {_number(agreement.alpha, agreement.note)}")
    _show_pairs(agreement)
    if agreement.intents:
        rows = [
            [intent_label(one.intent), f"{one.tasks:,}", f"{one.agreed:,}", _number(one.alpha, one.note)]
            for one in agreement.intents
        ]
        table(["intent", "tasks", "agreed", "alpha"], rows)
    if agreement.disputes:
        rows = [
            [
                verdict.task.id,
                _short(verdict.task.value(comparison.options.text) or ""),
                _votes(verdict),
                _made(verdict),
            ]
            for verdict in agreement.disputes[:SHOWN]
        ]
        table(["task", "text", "annotator: intent", comparison.options.policy], rows)
        if len(agreement.disputes) > SHOWN:
            click.echo(f"and {len(agreement.disputes) - SHOWN:,} more disagreements; -o FILE.csv writes all of them")
    if comparison.table:
        say(f"{len(agreement.disputes):,} disagreements are in {comparison.table}")


def _show_pairs(agreement: Agreement) -> None:
    met = [pair for pair in agreement.pairs if pair.tasks]
    if met:
        rows = [
            [*pair.annotators, f"{pair.tasks:,}", f"{pair.agreed / pair.tasks:.1%}", _number(pair.kappa, pair.note)]
            for pair in met
        ]
        table(["annotator", "annotator", "tasks", "agreed", "Cohen's kappa"], rows)
    if apart := [pair for pair in agreement.pairs if not pair.tasks]:
        some = ", ".join(" and ".join(pair.annotators) for pair in apart[:SHOWN])
        more = f" and {len(apart) - SHOWN:,} more pairs" if len(apart) > SHOWN else ""
        click.echo(f"annotators who share no task: {some}{more}")


def _json(comparison: Comparison) -> dict[str, Any]:
    agreement = comparison.agreement
    return {
        "source": comparison.source,
        "control": comparison.control,
        "annotators": agreement.annotators,
        "anonymous": agreement.anonymous,
        "tasks": agreement.tasks,
        "shared": agreement.shared,
        "agreed": agreement.agreed,
        "agreement": agreement.agreed / agreement.shared if agreement.shared else None,
        "alpha": agreement.alpha,
        "note": agreement.note,
        "pairs": [dataclasses.asdict(pair) for pair in agreement.pairs],
        "intents": [dataclasses.asdict(one) for one in agreement.intents],
        "disagreements": [dispute(verdict, comparison.options) for verdict in agreement.disputes],
    }


def _csv(agreement: Agreement, options: TaskOptions) -> str:
    """A column for each annotator; with a byte order mark, without which Excel takes Chinese for something else."""
    text = io.StringIO()
    writer = csv.writer(text)
    people = list(agreement.annotators)
    writer.writerow(["task", "text", *(f"annotator {person}" for person in people), options.policy])
    for verdict in agreement.disputes:
        said = {vote.annotator: _joined(vote.intents) for vote in verdict.votes}
        cells = [verdict.task.id, verdict.task.value(options.text) or ""]
        cells += [*(said.get(person, "") for person in people), _joined(verdict.intents)]
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return "\ufeff" + text.getvalue()


def _number(value: float | None, note: str | None) -> str:
    return f"{value:.3f}" if value is not None else f"– ({note})"


def _short(text: str) -> str:
    line = " ".join(text[: 10 * WIDTH].split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def _votes(verdict: Verdict) -> str:
    return "\n".join(f"{vote.annotator or '?'}: {_joined(vote.intents)}" for vote in verdict.votes)


def _made(verdict: Verdict) -> str:
    return _joined(verdict.intents) or f"– ({verdict.reason})"


def _joined(intents: Iterable[Any]) -> str:
    return ", ".join(intent_label(intent) for intent in intents)
