"""Run a command that ends with the process that started it, however that one ends.

    Popen([sys.executable, tether.__file__, *command], stdin=PIPE, start_new_session=True)

Standard input is the tether: it ends when the last process that holds its other end is gone, also by SIGKILL, and then
the whole process group is killed. Signals to the group reach the command; this process waits for its end.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def main(command: list[str]) -> int:
    """Run the command in this process group; its exit code, or 128 and the signal that ended it."""
    # a handler, not SIG_IGN, which the command would inherit
    signal.signal(signal.SIGTERM, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_hold, daemon=True).start()
    code = child.wait()
    return 128 - code if code < 0 else code


def _hold() -> None:
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
