"""The executor `local`: independent work in processes of this machine."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.api import Executor, hookimpl


@hookimpl
def executors() -> Mapping[str, Executor]:
    """`local`, the default."""
    return {"local": Executor(run="workbench_local.pool:run", summary="processes of this machine")}
