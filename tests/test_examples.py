"""The examples: every recipe is planned, every file is read, and the plugin of a third party is bundled."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.third_party import pip
from tests.third_party import workbench as run_with

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
PLUGIN = EXAMPLES / "third-party-trainer"
RECIPES = sorted(path for path in EXAMPLES.glob("*/recipe.toml") if path.parent != PLUGIN)


def test_there_are_six_and_all_are_listed():
    folders = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
    page = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert len(folders) == 6
    assert not [name for name in folders if f"[{name}]({name}/" not in page]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.parent.name)
def test_the_recipe_is_planned(recipe, workbench, tiny_encoder, tmp_path, monkeypatch):
    shutil.copytree(tiny_encoder, tmp_path / "encoders/bge-small-zh")
    monkeypatch.setenv("WORKBENCH_ENCODERS", str(tmp_path / "encoders"))
    done = workbench("run", recipe, "-o", tmp_path / "run", "--dry-run", "--train.encoder", "bge-small-zh")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("file", "reader", "rows"),
    [
        ("csv-english/support.csv", "csv", 120),
        ("csv-chinese/客服.csv", "csv", 120),
        ("label-studio-export/export.json", "labelstudio-export", 68),
    ],
)
def test_the_file_is_read_and_divided(file, reader, rows, workbench, tmp_path):
    split = "train=0.7,dev=0.15,test=0.15"
    done = workbench("import", EXAMPLES / file, "--reader", reader, "--split", split, "-o", tmp_path / "data")
    assert done.exit_code == 0, done.output
    assert len((tmp_path / "data/utterances.jsonl").read_text(encoding="utf-8").splitlines()) == rows


def test_the_plugin_is_trained_gated_and_bundled(tmp_path):
    package = shutil.copytree(PLUGIN, tmp_path / "package")  # pip builds in the tree
    pip(tmp_path / "site", package)
    done = run_with(tmp_path / "site", "run", package / "recipe.toml", "-o", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    (bundle,) = (tmp_path / "run/stages").glob("gate-*/out")
    assert sorted(path.name for path in bundle.iterdir()) == ["README.md", "bundle.json", "examples.json"]
