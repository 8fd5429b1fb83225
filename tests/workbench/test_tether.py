"""Servers that tests start end with the tests, also when those are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from tests import tether

SLEEPER = "import sys, time; print('up', flush=True); time.sleep(600)"
STARTER = f"""
import subprocess, sys, time
command = [sys.executable, "-c", {SLEEPER!r}]
subprocess.Popen([sys.executable, {tether.__file__!r}, *command], stdin=subprocess.PIPE, start_new_session=True)
time.sleep(600)
"""


def test_a_command_ends_when_the_process_that_started_it_is_killed():
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout.readline() == "up\n"
        starter.kill()
        # the command holds the other end of this pipe: it ends with the command
        rest, _ = starter.communicate(timeout=20)
    assert rest == ""


def test_a_signal_to_the_group_reaches_the_command_and_its_exit_is_told():
    code = f"import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); {SLEEPER}"
    command = [sys.executable, tether.__file__, sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout.readline() == "up\n"
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(20) == 7
