"""What becomes of a task: the intents that the votes on it amount to, or the reason for which it is left out."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.api import Intent
from workbench.api.io import is_blank
from workbench.api.review import Ballot, Outcome, Vote
from workbench_labelstudio.tasks.intents import OUT_OF_SCOPE
from workbench_labelstudio.tasks.task_parser import Task

REASONS = ("blank", "unlabelled", "skipped", "empty", "disagreement")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a task.

    Args:
        task: the task.
        ballot: the votes on it.
        outcome: what the policy made of the votes.
    """

    task: Task
    ballot: Ballot
    outcome: Outcome

    @property
    def reason(self) -> str | None:
        """Why the task is left out, the first of `REASONS` that holds; None when it is kept."""
        if is_blank(self.ballot.text):
            return "blank"
        if not self.task.annotations:
            return "unlabelled"
        return self.outcome.reason if self.task.submitted else "skipped"

    @property
    def intents(self) -> tuple[Intent, ...]:
        """The outcome, which may be `OUT_OF_SCOPE`; () when the task is left out."""
        return () if self.reason else self.outcome.intents or (OUT_OF_SCOPE,)

    @property
    def votes(self) -> list[Vote]:
        """The votes that give an intent or `OUT_OF_SCOPE`; none where the policy takes a vote without an intent."""
        if self.outcome.reason == "empty":
            return []
        return [vote for vote in self.ballot.votes if vote.intents is not None]

    @property
    def disputed(self) -> bool:
        """Whether not all votes say the same."""
        return len({frozenset(vote.labels) for vote in self.votes}) > 1
