"""No verb and no Python door lets onnxruntime send telemetry."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SWITCH = "ORT_DISABLE_TELEMETRY"
OPEN = "import sys; from workbench import open_bundle; open_bundle(sys.argv[1]).predict(['refund'])"
CHILD = (
    "import subprocess, sys, workbench; "
    "sys.exit(subprocess.run([sys.executable, '-c', 'import onnxruntime']).returncode)"
)


def files_left_by(folder, *words):
    """What a Python process writes below the user's home; onnxruntime keeps its queued telemetry events there."""
    environment = {name: value for name, value in os.environ.items() if name != SWITCH}
    environment |= {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / ".cache")}
    done = subprocess.run([sys.executable, *map(str, words)], env=environment, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "words",
    [("-m", "workbench", "predict", "BUNDLE", "refund"), ("-c", OPEN, "BUNDLE"), ("-c", CHILD)],
    ids=["verb", "open_bundle", "child"],
)
def test_onnxruntime_queues_no_telemetry(bundle, tmp_path, words):
    assert files_left_by(tmp_path, *[bundle.path if word == "BUNDLE" else word for word in words]) == set()
