"""The results of a run for the sections: ordered reports, and the report that the detailed sections show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.api import Report
    from workbench.api.engine import Run

ORDER = {"names": 0, "probe": 1, "bundle": 3}  # the trained model has the position 2
TITLES = {
    "names": ("Zero-shot", "零样本"),
    "probe": ("Linear probe", "线性探针"),
    "finetune": ("Fine-tuned", "微调"),
    "bundle": ("Served bundle", "上线模型包"),
}


@dataclass(frozen=True)
class RunResults:
    """A run with its ordered reports.

    Args:
        run: the run.
        reports: the reports, from the first simple baseline to the bundle.
    """

    run: Run
    reports: tuple[Report, ...]

    @classmethod
    def of(cls, run: Run) -> RunResults:
        """Read the reports of a run."""
        return cls(run, tuple(sorted(run.reports(), key=lambda report: ORDER.get(report.subject, 2))))

    @property
    def split(self) -> str:
        """The split of the detailed sections: `test` if there is a report on it, otherwise `dev`."""
        return "test" if any(report.split == "test" for report in self.reports) else "dev"

    @property
    def last(self) -> Report | None:
        """The report of the last model, usually the bundle, on `split`."""
        return next((report for report in reversed(self.reports) if report.split == self.split), None)


def subject_title(name: str) -> tuple[str, str]:
    """Return the English and Chinese title of a report's subject; by default the name itself, as for third parties."""
    return TITLES.get(name, (name, name))
