"""Work stages without a run: one verb, one output folder, the same guarantees."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from workbench.cli.measurements import check_free, keep, keep_refused, measurements_of, put_away, summary_of
from workbench.cli.output import say
from workbench.cli.progress import TerminalProgress
from workbench.context import Context
from workbench.engine.runner import explain
from workbench.engine.stage import Stage
from workbench.engine.summary import FILE as SUMMARY
from workbench.errors import GateRefused, UsageProblem
from workbench.host import Host
from workbench.io.digests import digest_path
from workbench.io.files import publish
from workbench.io.lock import locked

OTHER = "Wait for it, or give another --work"
MEASUREMENTS, EARLIER = "out-measurements", "out-earlier"  # forgotten after a failure, as outputs are


def work(
    stages: Sequence[Stage], inputs: Mapping[str, Path], out: Path, host: Host, seed: int, aside: Path | None = None
) -> None:
    """Work stages one after the other, the last one into `out`, which appears whole or not at all.

    Measurements that a stage wrote are in `OUT.measurements` afterwards, also when a budget refuses the output; a later
    attempt replaces it then.

    Args:
        stages: each may read what stands before it.
        inputs: name -> folder of what is there already.
        out: does not exist yet.
        host: the plugins.
        seed: every random stream comes from it.
        aside: where stages put aside what they can go on from, which stays; None = beside `out` until it is done.

    Raises:
        WorkbenchError: `out` exists, `aside` is no folder of its own, another process works on either, or a stage
            failed.
    """
    check_free(out)
    scratch = out.with_name(f".{out.name}.work")
    places = dict(inputs)
    with ExitStack() as held:
        if aside:
            _check_apart(aside, [out, measurements_of(out), scratch, *inputs.values()])
            aside.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(aside, remedy=OTHER))
        scratch.mkdir(parents=True, exist_ok=True)
        held.enter_context(locked(scratch))
        try:
            for stage in stages:
                places[stage.name] = _fresh(scratch / f"out-{stage.name}")
                _work_one(stage, places, scratch, aside or scratch, host, seed)
            publish(places[stages[-1].name], out)
            put_away(out, _fresh(scratch / EARLIER))
            keep(scratch / MEASUREMENTS, out)
            shutil.rmtree(scratch)
        except GateRefused as error:
            keep_refused(scratch / MEASUREMENTS, out, error, _fresh(scratch / EARLIER))
            raise
        finally:
            _forget_all_but_memories(scratch)
    say(f"wrote {out}")
    if told := summary_of(out):
        for line in told.words:
            say(line)


def _work_one(stage: Stage, places: Mapping[str, Path], scratch: Path, memories: Path, host: Host, seed: int) -> None:
    key = stage.key(host, seed, {name: digest_path(places[name]) for name in stage.needs}, work_only=True)
    memory = memories / f"{stage.name}-{key[:8]}"  # found again also by a command with other budgets
    memory.mkdir(exist_ok=True)
    if stage.steps:  # it makes something else of what an earlier one told of
        (scratch / MEASUREMENTS / SUMMARY).unlink(missing_ok=True)
    log = TerminalProgress().started(stage)
    try:
        context = Context(host, seed, memory, log=log, measurements=scratch / MEASUREMENTS)
        stage.work(places, places[stage.name], context)
    except Exception as error:
        if (told := explain(error, stage)) is error:
            raise
        raise told from error
    finally:
        if not any(memory.iterdir()):
            memory.rmdir()


def _check_apart(aside: Path, others: Sequence[Path]) -> None:
    """Raise where the folder for what is put aside is one of the others, lies in one, or holds one."""
    own = aside.resolve()
    for other in (path.resolve() for path in others):
        if own.is_relative_to(other) or other.is_relative_to(own):
            raise UsageProblem(f"cannot be where {other} is too", where=f"--work {aside}", remedy="Give another folder")


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _forget_all_but_memories(scratch: Path) -> None:
    """After a failure keep what a stage put aside to go on from, and nothing else."""
    if not scratch.is_dir():
        return
    for folder in [path for path in scratch.iterdir() if path.is_dir()]:
        if folder.name.startswith("out-"):
            shutil.rmtree(folder)
    if all(path.is_file() for path in scratch.iterdir()):  # the lock alone
        shutil.rmtree(scratch)
