"""Run the stages of a single verb in a hidden folder beside OUT; the last output becomes OUT."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from workbench.cli.measurements import (
    check_output_is_new,
    measurements_of,
    merge_measurements,
    publish_measurements,
    publish_refused_measurements,
    summary_of,
)
from workbench.cli.output import say
from workbench.cli.progress import TerminalProgress
from workbench.engine.run import StageRecord
from workbench.engine.runner import Engine
from workbench.engine.stage import Stage
from workbench.engine.store import Store
from workbench.errors import GateRefused, UsageProblem
from workbench.host import Host
from workbench.io.files import make_folder, publish
from workbench.io.lock import locked

LOCKED = "Wait until the other process ends, or choose another --work"


def run_stages(
    stages: Sequence[Stage], inputs: Mapping[str, Path], out: Path, host: Host, seed: int, work: Path | None = None
) -> None:
    """Run stages in sequence and publish the output of the last one as `out`, complete or not at all.

    A killed call leaves `.OUT.work` beside `out`, and the same call continues from there. The measurements of the
    stages are published as `OUT.measurements`, also if the gate refuses the output. A later attempt replaces the
    measurements of a refused one.

    Args:
        stages: the stages; each may read the outputs of earlier ones.
        inputs: name -> folder of an existing input.
        out: the output folder, which must not exist.
        host: the plugins.
        seed: every random stream is derived from this number.
        work: parent of the stages' scratch folders, kept for calls with other budgets. None = the scratch folders are
            removed when `out` is complete.

    Raises:
        WorkbenchError: `out` exists, `work` overlaps with another folder of the call, another process uses one of
            these folders, or a stage failed.
    """
    check_output_is_new(out)
    folder = out.with_name(f".{out.name}.work")
    with ExitStack() as locks:
        if work:
            _check_no_overlap(work, [out, measurements_of(out), folder, *inputs.values()])
            make_folder(work)
            locks.enter_context(locked(work, remedy=LOCKED))
        make_folder(folder)
        locks.enter_context(locked(folder))
        store, progress = Store(folder / "run", work), VerbProgress()
        try:
            make_folder(store.stages)
            run = Engine(host, store, seed, progress, {}).run(stages, inputs=inputs)
            measurements = merge_measurements(run.stages, stages, folder)
            publish(run.stages[-1].path, out)
            publish_measurements(measurements, out)
            shutil.rmtree(folder, ignore_errors=True)
        except GateRefused as error:
            publish_refused_measurements(progress.records, stages, folder, out, error)
            raise
        finally:
            _remove_unless_resumable(folder, store)
    say(f"wrote {out}")
    if summary := summary_of(out):
        for line in summary.words:
            say(line)


class VerbProgress(TerminalProgress):
    """A `TerminalProgress` that records the stages, and leaves their summaries and measurements to `run_stages`."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[StageRecord] = []

    def finished(self, record: StageRecord) -> None:
        """Record the stage and print one line."""
        self.records.append(record)
        super().finished(record)

    def summarize(self, record: StageRecord) -> None:
        """Print nothing: `run_stages` prints the summary of the output at the end."""

    def refused(self, record: StageRecord) -> None:
        """Print nothing: the measurements in the hidden folder are temporary."""


def _check_no_overlap(work: Path, others: Sequence[Path]) -> None:
    """Raise if the work folder equals, contains or is inside one of the other folders."""
    own = work.resolve()
    for other in (path.resolve() for path in others):
        if own.is_relative_to(other) or other.is_relative_to(own):
            raise UsageProblem(
                f"overlaps with the folder {other}", where=f"--work {work}", remedy="Choose another --work"
            )


def _remove_unless_resumable(folder: Path, store: Store) -> None:
    """Remove the folder, unless a failed attempt left intermediate results that the next attempt can use."""
    if not store.resumable():
        shutil.rmtree(folder, ignore_errors=True)
