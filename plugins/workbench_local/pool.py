"""A pool of spawned processes: workers inherit only the environment, so they behave the same on every system."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from workbench.api import WorkbenchError
from workbench.api.machine import cores


def run(function: Callable[[Any], Any], items: Sequence[Any], workers: int) -> list[Any]:
    """Call `function(item)` for every item in up to `workers` processes; return the results in the items' order.

    The first exception of a worker is raised, and items that have not started are cancelled.

    Raises:
        WorkbenchError: a worker process was killed.
    """
    if workers <= 1 or len(items) <= 1:
        return [function(item) for item in items]
    spawn = multiprocessing.get_context("spawn")
    processes = min(workers, len(items))
    threads = max(1, cores() // processes)
    with ProcessPoolExecutor(processes, spawn, initializer=limit_threads, initargs=(threads,)) as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            return [future.result() for future in futures if future.done()]  # all are done, unless one raises
        except BrokenProcessPool as error:
            raise WorkbenchError(
                "a worker process was killed, possibly for lack of memory",
                where=f"executor local, {processes} workers",
                remedy="Reduce the number of workers",
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def limit_threads(threads: int) -> None:
    """Set OMP_NUM_THREADS in a worker before any library reads the variable, unless the user has set the variable."""
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
