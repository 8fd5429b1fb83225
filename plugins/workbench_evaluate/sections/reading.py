"""What the sections look at: a run, its reports in the order of the story, and the one that is told in full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.api import Report
    from workbench.api.engine import Run

STORY = {"names": 0, "probe": 1, "bundle": 3}  # the trained model stands between probe and bundle
SUBJECTS = {
    "names": ("Nearest label name", "意图名匹配"),
    "probe": ("Frozen probe", "线性探测"),
    "finetune": ("Fine-tuned", "微调"),
    "bundle": ("Served bundle", "上线模型包"),
}


@dataclass(frozen=True)
class Findings:
    """A run as the sections see it.

    Args:
        run: all of it.
        reports: from the first baseline to the bundle.
    """

    run: Run
    reports: tuple[Report, ...]

    @classmethod
    def of(cls, run: Run) -> Findings:
        """Read a run's reports."""
        return cls(run, tuple(sorted(run.reports(), key=lambda report: STORY.get(report.subject, 2))))

    @property
    def split(self) -> str:
        """The split that the story is told on: `test` if anything was measured on it, else `dev`."""
        return "test" if any(report.split == "test" for report in self.reports) else "dev"

    @property
    def last(self) -> Report | None:
        """The report of the model nearest to serving on that split."""
        return next((report for report in reversed(self.reports) if report.split == self.split), None)


def subject(name: str) -> tuple[str, str]:
    """What was measured, in English and in Chinese; a trainer without a word here goes by its own name."""
    return SUBJECTS.get(name, (name, name))
