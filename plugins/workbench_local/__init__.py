"""The executor `local`: runs independent work in processes on this machine."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.api import Executor, hookimpl


@hookimpl
def executors() -> Mapping[str, Executor]:
    """Register `local`, the default executor."""
    return {"local": Executor(run="workbench_local.pool:run", summary="processes on this machine")}
