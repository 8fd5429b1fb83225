"""Measurements of a verb, kept beside its output as `OUT.measurements`, also when a budget refuses the output."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from workbench.cli.output import say
from workbench.engine.run import MEASUREMENTS, StageRecord
from workbench.engine.stage import Stage
from workbench.engine.summary import FILE as SUMMARY
from workbench.engine.summary import Summary, read_summary
from workbench.errors import GateRefused, WorkbenchError
from workbench.io.files import publish, refuse_existing, write_json

EARLIER = "earlier"  # where the measurements of an earlier refusal go
REFUSED = "refused.json"  # in the measurements of an attempt that was refused: no output belongs to it
logger = logging.getLogger(__name__)


def measurements_of(out: Path) -> Path:
    """Where the measurements of an output stands."""
    return out.with_name(f"{out.name}.measurements")


def summary_of(out: Path) -> Summary | None:
    """What the stage that made an output says of it, None where it says nothing."""
    return read_summary(measurements_of(out))


def check_free(out: Path) -> None:
    """Raise where an output stands, or measurements that may belong to one that was moved; a refusal's gives way."""
    refuse_existing(out)
    if not _is_refusals(measurements_of(out)):
        refuse_existing(measurements_of(out))


def collect(records: Sequence[StageRecord], stages: Sequence[Stage], folder: Path) -> Path:
    """Copy the measurements of stages into one folder, which is not there if they left none.

    A summary is that of the last stage with components: the others only pass on what it made.

    Args:
        records: of the stages that were worked, in their order.
        stages: the stages.
        folder: where the folder is made.
    """
    merged, steps = folder / MEASUREMENTS, {stage.name: stage.steps for stage in stages}
    shutil.rmtree(merged, ignore_errors=True)
    for record in records:
        if steps[record.name]:
            (merged / SUMMARY).unlink(missing_ok=True)
        if record.measurements.is_dir():
            shutil.copytree(record.measurements, merged, dirs_exist_ok=True)
    return merged


def keep(staged: Path, out: Path) -> None:
    """Publish the measurements in `staged`, if there are any, and say so; those of an earlier refusal give way."""
    _put_away(out, staged.with_name(EARLIER))
    if staged.is_dir():
        publish(staged, measurements_of(out))
        say(f"wrote {measurements_of(out)}")


def keep_refused(
    records: Sequence[StageRecord], stages: Sequence[Stage], folder: Path, out: Path, error: GateRefused
) -> None:
    """Publish the measurements of a refused attempt, if it left any, with a note that makes them give way later.

    Args:
        records: of the stages that were worked, in their order.
        stages: the stages.
        folder: a scratch folder beside `out`.
        out: the output that does not come to be.
        error: why not.

    A failure to keep them is logged: the user must see the refusal.
    """
    try:
        staged = collect(records, stages, folder)
        if staged.is_dir():
            write_json(staged / REFUSED, {"error": str(error)})
            keep(staged, out)
    except (OSError, WorkbenchError) as fault:
        logger.warning("the measurements of what was refused cannot be kept: %s", fault)


def _put_away(out: Path, scratch: Path) -> None:
    """Move the measurements of an earlier refusal, if there are any, to `scratch`, in place of what is there."""
    if _is_refusals(measurements_of(out)):
        shutil.rmtree(scratch, ignore_errors=True)
        os.rename(measurements_of(out), scratch)


def _is_refusals(measurements: Path) -> bool:
    return (measurements / REFUSED).is_file()
