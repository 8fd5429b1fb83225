"""A pool of spawned processes: nothing is inherited but the environment, so a worker is the same on every system."""

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
    """`function(item)` for every item, in up to `workers` processes; the results in the order of the items.

    The first exception of a worker is raised here; items that did not start yet are then given up.

    Raises:
        WorkbenchError: a worker process was killed.
    """
    if workers <= 1 or len(items) <= 1:
        return [function(item) for item in items]
    spawn = multiprocessing.get_context("spawn")
    processes = min(workers, len(items))
    share = max(1, cores() // processes)
    with ProcessPoolExecutor(processes, spawn, initializer=take_share, initargs=(share,)) as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            return [future.result() for future in futures if future.done()]  # all are, unless one raises here
        except BrokenProcessPool as error:
            raise WorkbenchError(
                "a worker process was killed, perhaps because the memory is full", remedy="Try fewer workers"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def take_share(threads: int) -> None:
    """In a worker, before any library is there to read it: the threads it may use, unless the user chose."""
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
