"""The whole suite runs in lanes side by side: some wait for a Label Studio server or a child, the others compute.

A selection of tests runs in one process, as does all with `-n 0`. The tests of a file stay in one lane, so that they
share its fixtures. Those of the Label Studio server stay in two, with a server each.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

SERVER = "tests/labelstudio/"
SECOND = f"{SERVER}test_pus"  # files from here on have the second server
INSTALLATION = 900  # seconds
FIRST = (SECOND, SERVER, "tests/test_readme.py", "tests/compress/")  # the longest, so that no lane ends with them


def pytest_configure(config: pytest.Config) -> None:
    """Let torch have one thread, in the processes that tests start too: a second one loses where lanes share cores."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two lanes that mostly wait, and one for each core."""
    whole = config.args_source is config.ArgsSource.TESTPATHS
    return 2 + (os.cpu_count() or 1) if whole else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    """By file, and the tests of each server together."""
    from xdist.scheduler import LoadFileScheduling

    class Lanes(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if not nodeid.startswith(SERVER):
                return super()._split_scope(nodeid)
            return SECOND if nodeid >= SECOND else SERVER

    config.option.loadscopereorder = False
    return Lanes(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first; the first test with a Label Studio server has time to install it."""

    def place(item: pytest.Item) -> int:
        if item.nodeid.startswith(SERVER):
            return FIRST.index(SECOND if item.nodeid >= SECOND else SERVER)
        return next((n for n, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))

    items.sort(key=place)
    for server in (SECOND, SERVER):
        wanting = (item for item in items if "label_studio" in getattr(item, "fixturenames", ()))
        first = next((item for item in wanting if place(item) == FIRST.index(server)), None)
        if first:
            first.add_marker(pytest.mark.timeout(INSTALLATION))


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all lanes share, for what is made once: under a file lock, and not changed afterwards."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "common"
    folder.mkdir(exist_ok=True)
    return folder
