"""Measurements of a verb, kept beside its output as `OUT.measurements`, also when a budget refuses the output."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from workbench.cli.output import say
from workbench.engine.summary import Summary, read_summary
from workbench.errors import GateRefused, WorkbenchError
from workbench.io.files import publish, refuse_existing, write_json

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


def put_away(out: Path, scratch: Path) -> None:
    """Move the measurements of an earlier refusal, if it stands there, to `scratch`, which does not exist yet."""
    if _is_refusals(measurements_of(out)):
        os.rename(measurements_of(out), scratch)


def keep(staged: Path, out: Path) -> None:
    """Publish the measurements that was written into `staged`, if there is any, and say so."""
    if staged.is_dir():
        publish(staged, measurements_of(out))
        say(f"wrote {measurements_of(out)}")


def keep_refused(staged: Path, out: Path, error: GateRefused, scratch: Path) -> None:
    """Publish the measurements of a refused attempt in place of an earlier one's, with a note that makes them give way.

    Args:
        staged: the folder of the measurements; nothing is done where there is none.
        out: the output that does not come to be.
        error: why not.
        scratch: a folder that does not exist yet, for what an earlier attempt left.

    What goes wrong is logged: it is the refusal that the user is to see.
    """
    if not staged.is_dir():
        return
    try:
        write_json(staged / REFUSED, {"error": str(error)})
        put_away(out, scratch)
        keep(staged, out)
    except (OSError, WorkbenchError) as fault:
        logger.warning("the measurements of what was refused cannot be kept: %s", fault)


def _is_refusals(measurements: Path) -> bool:
    return (measurements / REFUSED).is_file()
