"""Reader `votes`: a CSV file with a line for each vote."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api import Dataset, UsageProblem, Utterance, WorkbenchError
from workbench.api.io import csv_lines, digest_file, is_blank
from workbench.api.review import Ballot, Vote, Votes
from workbench.api.text import well_formed

if TYPE_CHECKING:
    from workbench.api import Context
    from workbench.api.review import Outcome
    from workbench_review import VotesOptions

NEEDED = ("task", "text", "annotator", "intent")
MORE = ("time", "weight", "ground_truth")
REMEDY = f"Name the columns {', '.join(NEEDED)}, and where there are any {', '.join(MORE)}"
YES = ("1", "true", "yes")


def read_votes(source: str, options: VotesOptions, context: Context) -> Votes:
    """The votes of a file, by task in the order of the file; a vote with a blank intent gives none.

    Raises:
        WorkbenchError: the file cannot be read, lacks a column, or a line does not hold a vote; with its line.
    """
    path = Path(source)
    votes: dict[str, list[Vote]] = {}
    texts: dict[str, str] = {}
    weights: dict[str, float] = {}
    for where, cells in _lines(path):
        task, text = cells["task"], cells["text"]
        if not task:
            raise WorkbenchError("has no task", where=where, remedy="Give each text an id of its own")
        if texts.setdefault(task, text) != text:
            raise WorkbenchError(f"task {task} has another text than before", where=where, remedy="Give it another id")
        vote = _vote(cells, where)
        if vote.annotator is not None and vote.weight is not None:
            known = weights.setdefault(vote.annotator, vote.weight)
            if known != vote.weight:
                what = f"annotator {vote.annotator} weighs {vote.weight:g}, and {known:g} before"
                raise WorkbenchError(what, where=where, remedy="Give each annotator one weight")
        votes.setdefault(task, []).append(vote)
    ballots = [Ballot(task, texts[task], tuple(given), f"{path}: task {task}") for task, given in votes.items()]
    return Votes(ballots, options.policy, {"reader": "votes", "file": well_formed(path.name)})


def read_dataset(source: str, out: Path, options: VotesOptions, context: Context) -> Dataset:
    """The texts whose votes give an intent; the others are counted by their reason.

    Raises:
        WorkbenchError: see `read_votes`, or no text has an intent.
    """
    votes = read_votes(source, options, context)
    registry = context.host.registry("consolidations")
    policy = options.policy or registry.default
    outcomes = registry.pick(policy, f"{source}: option policy")(votes.ballots).outcomes
    pairs = list(zip(votes.ballots, outcomes, strict=True))
    rows = [_utterance(ballot, outcome, options) for ballot, outcome in pairs if _reason(ballot, outcome) is None]
    counts = Counter(_reason(ballot, outcome) or "kept" for ballot, outcome in pairs)
    if not rows:
        raise WorkbenchError("no text has an intent", where=source, remedy="Check the columns text and intent")
    name = str(votes.provenance["file"])
    intents = tuple(sorted({str(row.intent) for row in rows if row.intents}))
    provenance = {**votes.provenance, "sha256": digest_file(Path(source)), "policy": policy}
    return Dataset("intent", intents, tuple(rows), {name: {"tasks": len(pairs), **counts}}, (provenance,))


def _reason(ballot: Ballot, outcome: Outcome) -> str | None:
    return "blank" if is_blank(ballot.text) else outcome.reason


def _utterance(ballot: Ballot, outcome: Outcome, options: VotesOptions) -> Utterance:
    given = [vote for vote in ballot.votes if vote.intents is not None]
    meta = {
        "annotations": len(given),
        "annotators": len({vote.annotator for vote in given}),
        "agreement": round(sum(vote.intents == outcome.intents for vote in given) / len(given), 4),
    }
    return Utterance(ballot.task, ballot.text, ballot.text, outcome.intents, language=options.language, meta=meta)


def _vote(cells: Mapping[str, str], where: str) -> Vote:
    try:
        weight = float(cells["weight"]) if cells.get("weight") else None
    except ValueError:
        raise WorkbenchError(f"the weight {cells['weight']!r} is no number", where=where) from None
    if weight is not None and not 0 <= weight < math.inf:
        raise WorkbenchError(f"the weight is {weight:g}", where=where, remedy="Give a number from 0 on")
    return Vote(
        cells["annotator"] or None,
        (cells["intent"],) if cells["intent"] else None,
        cells.get("ground_truth", "").casefold() in YES,
        cells.get("time") or None,
        weight,
    )


def _lines(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Each line with its place; cells without white space around them."""
    columns, lines = csv_lines(path)
    if missing := [name for name in NEEDED if name not in columns]:
        raise UsageProblem(f"has no column {', '.join(missing)}", where=path, remedy=REMEDY)
    for place, cells in lines:
        yield f"{path}: {place}", {name: well_formed(value).strip() for name, value in cells.items()}
