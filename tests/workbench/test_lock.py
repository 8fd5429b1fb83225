"""The lock of a folder: one process at a time, named to the others, gone with its process."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from workbench.errors import WorkbenchError
from workbench.io.lock import HOLDER, locked

WITHOUT_FCNTL = "import sys; sys.modules['fcntl'] = None; sys.argv = ['workbench', *sys.argv[1:]]\n"
HOLD = "import sys, time\nfrom pathlib import Path\nfrom workbench.io.lock import locked\n"
HOLD += "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"


def hold(folder):
    """A process that holds a folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_the_holder_is_named_and_a_killed_one_leaves_no_lock(tmp_path):
    with hold(tmp_path) as process:
        for _ in range(2):  # who asks in vain takes the name away from nobody
            with pytest.raises(WorkbenchError) as caught, locked(tmp_path, remedy="Wait"):
                pass
            said = f"{tmp_path}: is in use by process {process.pid} on {platform.node()}. Wait."
            assert str(caught.value) == said
        process.kill()
    with locked(tmp_path):
        pass


def test_a_process_does_not_hold_a_folder_twice(tmp_path):
    twice = pytest.raises(WorkbenchError, match=f"the project: is in use by process {os.getpid()}")
    with locked(tmp_path), twice, locked(tmp_path, where="the project"):
        pass
    assert not (tmp_path / HOLDER).exists(), "a process that waits would name one that is done"
    with locked(tmp_path):
        pass


@pytest.mark.parametrize("words", [["--help"], ["plugins"]])
def test_the_command_line_works_where_there_is_no_fcntl(words):
    run = "from workbench.cli.root import main\nmain()\n"
    done = subprocess.run([sys.executable, "-c", WITHOUT_FCNTL + run, *words], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "quickstart" in done.stdout


TWICE = """
import sys
from pathlib import Path
from workbench.io.lock import locked
for _ in range(2):
    with locked(Path(sys.argv[1])):
        try:
            with locked(Path(sys.argv[1])):
                raise AssertionError
        except Exception as error:
            print(error)
"""


def test_a_folder_is_locked_where_there_is_no_fcntl(tmp_path):
    command = [sys.executable, "-W", "ignore:only soft file lock", "-c", WITHOUT_FCNTL + TWICE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is in use by process") == 2
