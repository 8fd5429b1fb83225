"""Measurements of a verb, in the folder `OUT.measurements` beside its output, also if the gate refuses the output."""

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

EARLIER = "earlier"  # scratch folder for the measurements of an earlier refused attempt
REFUSED = "refused.json"  # marks measurements of a refused attempt, which have no output
logger = logging.getLogger(__name__)


def measurements_of(out: Path) -> Path:
    """Return the folder of the measurements of an output."""
    return out.with_name(f"{out.name}.measurements")


def summary_of(out: Path) -> Summary | None:
    """Return the summary of the stage that made an output; None if the stage wrote none."""
    return read_summary(measurements_of(out))


def check_output_is_new(out: Path) -> None:
    """Check that neither the output nor its measurements exist; those of a refused attempt may exist.

    Raises:
        WorkbenchError: one of them exists. Measurements without an output may belong to an output that was moved.
    """
    refuse_existing(out)
    if not _is_refused(measurements_of(out)):
        refuse_existing(measurements_of(out))


def merge_measurements(records: Sequence[StageRecord], stages: Sequence[Stage], folder: Path) -> Path:
    """Copy the measurements of several stages into one folder and return its path; no measurements, no folder.

    The summary comes from the last stage with components, because the other stages only pass its output on.

    Args:
        records: records of the stages that ran, in their order.
        stages: the stages.
        folder: parent of the new folder.
    """
    merged, steps = folder / MEASUREMENTS, {stage.name: stage.steps for stage in stages}
    shutil.rmtree(merged, ignore_errors=True)
    for record in records:
        if steps[record.name]:
            (merged / SUMMARY).unlink(missing_ok=True)
        if record.measurements.is_dir():
            shutil.copytree(record.measurements, merged, dirs_exist_ok=True)
    return merged


def publish_measurements(staged: Path, out: Path) -> None:
    """Publish the measurements in `staged`, if there are any; they replace those of an earlier refused attempt."""
    _remove_refused(out, staged.with_name(EARLIER))
    if staged.is_dir():
        publish(staged, measurements_of(out))
        say(f"wrote {measurements_of(out)}")


def publish_refused_measurements(
    records: Sequence[StageRecord], stages: Sequence[Stage], folder: Path, out: Path, error: GateRefused
) -> None:
    """Publish the measurements of a refused attempt with a marker, so that a later attempt may replace them.

    A failure to publish is only logged, because the user must see the refusal.

    Args:
        records: records of the stages that ran, in their order.
        stages: the stages.
        folder: a scratch folder beside `out`.
        out: the output that the gate refused, which is not written.
        error: the refusal.
    """
    try:
        staged = merge_measurements(records, stages, folder)
        if staged.is_dir():
            write_json(staged / REFUSED, {"error": str(error)})
            publish_measurements(staged, out)
    except (OSError, WorkbenchError) as failure:
        logger.warning("the measurements of the refused output cannot be kept: %s", failure)


def _remove_refused(out: Path, scratch: Path) -> None:
    """Move the measurements of an earlier refused attempt, if there are any, to `scratch`, replacing `scratch`."""
    if _is_refused(measurements_of(out)):
        shutil.rmtree(scratch, ignore_errors=True)
        os.rename(measurements_of(out), scratch)


def _is_refused(measurements: Path) -> bool:
    return (measurements / REFUSED).is_file()
