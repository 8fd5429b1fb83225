"""The tutorials are run as a newcomer would; a tiny encoder replaces the packaged one.

`tests/labelstudio/test_guide.py` runs the tutorial on Label Studio, `tests/workbench/test_third_party_trainer.py` the
trainer of the tutorial on trainers.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.page_blocks import run_page

TUTORIALS = Path(__file__).resolve().parents[1] / "docs" / "en" / "tutorials"


@pytest.fixture
def run_tutorial(tmp_path, tiny_encoder):
    def run(name: str) -> dict[str, str]:
        return run_page(TUTORIALS / f"{name}.md", tmp_path, lambda text: text.replace("minilm", str(tiny_encoder)))

    return run


def test_the_first_model_is_trained_and_asked(run_tutorial, tmp_path):
    said = run_tutorial("first-model")
    assert '"score"' in next(out for line, out in said.items() if "--json" in line)
    assert "cached from runs/first" in next(out for line, out in said.items() if "--dry-run" in line)
    assert (tmp_path / "runs/first/report.html").is_file()


def test_the_first_cleaner_masks_in_training_and_in_serving(run_tutorial):
    said = run_tutorial("first-cleaner")
    first, second = (json.loads(out) for line, out in said.items() if "--json" in line)
    assert first["score"] == second["score"]


def test_the_first_runtime_is_bundled(run_tutorial, tmp_path):
    said = run_tutorial("first-runtime")
    assert "words.json" in next(out for line, out in said.items() if "doctor" in line)
