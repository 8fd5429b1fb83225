"""Single verbs: the run engine works their stages in a hidden folder beside OUT, and the last output becomes OUT."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from workbench.cli.measurements import check_free, collect, keep, keep_refused, measurements_of, summary_of
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

KEPT_IN_USE = "Wait for it, or give another --work"


def work(
    stages: Sequence[Stage], inputs: Mapping[str, Path], out: Path, host: Host, seed: int, kept: Path | None = None
) -> None:
    """Work stages one after the other, the last one into `out`, which appears whole or not at all.

    A killed call leaves `.OUT.work` beside `out`, from which the same call goes on. Measurements of the stages are in
    `OUT.measurements` afterwards, also when a budget refuses the output; a later attempt replaces those of a refusal.

    Args:
        stages: each may read what stands before it.
        inputs: name -> folder of what is there already.
        out: does not exist yet.
        host: the plugins.
        seed: every random stream comes from it.
        kept: a folder for the scratch folders of the stages, which stays for calls with other budgets; None = they are
            removed when `out` is done.

    Raises:
        WorkbenchError: `out` exists, `kept` is no folder of its own, another process works on either, or a stage
            failed.
    """
    check_free(out)
    folder = out.with_name(f".{out.name}.work")
    with ExitStack() as held:
        if kept:
            _check_apart(kept, [out, measurements_of(out), folder, *inputs.values()])
            make_folder(kept)
            held.enter_context(locked(kept, remedy=KEPT_IN_USE))
        make_folder(folder)
        held.enter_context(locked(folder))
        store, progress = Store(folder / "run", kept), VerbProgress()
        try:
            make_folder(store.stages)
            done = Engine(host, store, seed, progress, {}).run(stages, inputs=inputs)
            measurements = collect(done.stages, stages, folder)
            publish(done.stages[-1].path, out)
            keep(measurements, out)
            shutil.rmtree(folder, ignore_errors=True)
        except GateRefused as error:
            keep_refused(progress.records, stages, folder, out, error)
            raise
        finally:
            _forget(folder, store)
    say(f"wrote {out}")
    if summary := summary_of(out):
        for line in summary.words:
            say(line)


class VerbProgress(TerminalProgress):
    """Tells of the stages of a verb, and remembers them: their measurements are told when they are published."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[StageRecord] = []

    def finished(self, record: StageRecord) -> None:
        """One line for the stage."""
        self.records.append(record)
        super().finished(record)

    def summarize(self, record: StageRecord) -> None:
        """Print nothing: the summary of the output follows at the end."""

    def refused(self, record: StageRecord) -> None:
        """Say nothing of measurements that do not stay there."""


def _check_apart(kept: Path, others: Sequence[Path]) -> None:
    """Raise where the folder that is kept is one of the others, lies in one, or holds one."""
    own = kept.resolve()
    for other in (path.resolve() for path in others):
        if own.is_relative_to(other) or other.is_relative_to(own):
            raise UsageProblem(f"cannot be where {other} is too", where=f"--work {kept}", remedy="Give another folder")


def _forget(folder: Path, store: Store) -> None:
    """Remove the folder, unless an attempt that failed left something there to go on from."""
    if not store.resumable():
        shutil.rmtree(folder, ignore_errors=True)
