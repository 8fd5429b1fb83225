"""What users bring: each mistake is one clear line, loses nothing and leaves nothing half-written."""

from __future__ import annotations

import gzip
import json

import pytest
from click.testing import CliRunner

from tests import naive_bayes
from workbench.api import build_host
from workbench.cli.root import build_cli
from workbench.engine.run import Run

RECIPE = """
[[import]]
reader = "labelstudio-export"
source = "export.json"
split = { train = 0.8, dev = 0.2 }
[train]
use = "bayes"
[evaluate]
baselines = []
[[compress]]
use = "bayes-onnx"
"""


def task(n, intent, control="intent", **more):
    result = [{"from_name": control, "to_name": "t", "type": "choices", "value": {"choices": [intent]}}]
    annotation = {"id": n, "completed_by": 1, "result": result, "was_cancelled": False, "ground_truth": False, **more}
    return {
        "id": n,
        "data": {"text": f"text number {n} about {intent}"},
        "annotations": [annotation],
        "predictions": [],
        "drafts": [],
    }


GOOD = [task(n, "退款" if n % 2 else "delivery") for n in range(40)]


@pytest.fixture
def run(tmp_path):
    """Write an export and a recipe, run, give click's result."""
    host = build_host()
    host.register(naive_bayes, "naive_bayes")
    root = build_cli(host)

    def run(export=GOOD, *words, recipe=RECIPE):
        if export is not None:
            data = export if isinstance(export, bytes) else json.dumps(export, ensure_ascii=False).encode()
            (tmp_path / "export.json").write_bytes(data)
        (tmp_path / "recipe.toml").write_text(recipe, encoding="utf-8")
        return CliRunner().invoke(root, ["run", str(tmp_path / "recipe.toml"), "-o", str(tmp_path / "run"), *words])

    return run


def remains(tmp_path):
    """Names of published and half-written stages."""
    return (
        sorted(path.name for path in (tmp_path / "run/stages").iterdir()) if (tmp_path / "run/stages").exists() else []
    )


def test_the_good_export_runs(run):
    done = run()
    assert done.exit_code == 0, done.output


CASES = {
    "missing": (None, (), "export.json", 1),
    "empty": (b"", (), "empty", 1),
    "truncated": (json.dumps(GOOD).encode()[:-50], (), "export.json", 1),
    "truncated gzip": (gzip.compress(json.dumps(GOOD).encode(), mtime=0)[:-20], (), "export.json", 1),
    "no export": ({"hello": 1}, (), "Label Studio", 1),
    "list of texts": (["a", "b"], (), "Label Studio", 1),
    "unknown control": (GOOD, ("--import.0.control", "intend"), "Did you mean 'intent'", 2),
    "every task skipped": ([task(n, "a", was_cancelled=True) for n in range(5)], (), "skipped", 1),
    "one intent only": ([task(n, "a") for n in range(9)], (), "at least two intents, but the sources have: a", 1),
    "rare intent": ([*GOOD, task(99, "rare")], (), "fewer rows than the 2 splits: rare (1)", 1),
    "unknown key": (GOOD, ("--import.0.contrl", "x"), "Did you mean 'control'", 2),
    "wrong type": (GOOD, ("--seed", "x"), "seed", 2),
    "no encoder weights": (GOOD, ("--train.use", "probe", "--train.encoder", "."), "config.json is missing", 1),
    "missing plugin": (GOOD, ("--requires", '["workbench_labelstudoi"]'), "Did you mean 'workbench_labelstudio'", 2),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_one_clear_line_and_leaves_nothing(run, tmp_path, case):
    export, words, said, code = CASES[case]
    done = run(export, *words)
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
    assert done.exit_code == code, done.output
    assert len(lines) == 1
    assert said in lines[0]
    assert "bug in the workbench" not in done.stderr
    assert not [name for name in remains(tmp_path) if name.startswith((".", "train"))]


def test_a_mistake_loses_nothing_of_an_earlier_run(run, tmp_path):
    assert run().exit_code == 0
    before = [(stage.name, stage.digest) for stage in Run.load(tmp_path / "run").stages]
    assert run(b"").exit_code == 1
    assert [(stage.name, stage.digest) for stage in Run.load(tmp_path / "run").stages] == before
    assert run().exit_code == 0


def test_several_controls_are_listed_when_none_is_named(run):
    both = [task(n, "a" if n % 2 else "b") for n in range(20)]
    for row in both:
        row["annotations"][0]["result"].insert(
            0, {**row["annotations"][0]["result"][0], "from_name": "tone", "value": {"choices": ["calm"]}}
        )
    done = run(both)
    assert done.exit_code == 2
    assert "intent" in done.stderr
    assert "tone" in done.stderr
    assert run(both, "--import.0.control", "intent").exit_code == 0
