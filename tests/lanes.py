"""The whole suite runs in lanes side by side: one waits for the Label Studio server, the others compute.

A selection of tests runs in one process, as does all with `-n 0`. The tests of a file stay in one lane, so that they
share its fixtures, and all that need the Label Studio server stay in one, so that there is one server.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

SERVER = "tests/labelstudio/"
INSTALLATION = 900  # seconds
FIRST = (SERVER, "tests/test_readme.py", "tests/compress/")  # the longest, so that no lane ends with them


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One lane that waits, and one for each core."""
    whole = config.args_source is config.ArgsSource.TESTPATHS
    return 1 + (os.cpu_count() or 1) if whole else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling:
    """By file, and the tests of the server together."""
    from xdist.scheduler import LoadFileScheduling

    class Lanes(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return SERVER if nodeid.startswith(SERVER) else super()._split_scope(nodeid)

    config.option.loadscopereorder = False
    return Lanes(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first; the first test with a Label Studio server has time to install it."""

    def place(item: pytest.Item) -> int:
        return next((n for n, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))

    items.sort(key=place)
    first = next((item for item in items if "label_studio" in getattr(item, "fixturenames", ())), None)
    if first:
        first.add_marker(pytest.mark.timeout(INSTALLATION))
