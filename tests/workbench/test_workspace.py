"""`workbench run` beside other runs: what is equal is reused and named, and no row changes its split for that."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner

from tests import naive_bayes
from workbench.api import build_host
from workbench.cli.root import build_cli
from workbench.engine.run import Run
from workbench.nouns.dataset import Dataset

SPLITTING = "{ train = 0.6, dev = 0.2, test = 0.2 }"


@pytest.fixture(scope="module")
def cli():
    host = build_host()
    host.register(naive_bayes, "naive_bayes")
    root = build_cli(host)
    return lambda *words: CliRunner().invoke(root, [str(word) for word in words])


@pytest.fixture
def run(cli, tmp_path, monkeypatch):
    """Run the recipe of naive Bayes in a workspace, as its user does."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipe.toml").write_text(naive_bayes.RECIPE)
    return lambda name, *words: cli("run", "recipe.toml", "-o", f"runs/{name}", *words)


def test_a_run_with_another_option_reuses_what_is_equal_and_says_so(run, tmp_path):
    changed = ("--gate.max_size_mb", "2")
    assert run("first").exit_code == 0
    plan = run("second", *changed, "--dry-run")
    assert plan.stdout.count("cached from runs/first") == 8
    assert {"stage": "gate", "would": "run"} in (planned := json.loads(run("second", *changed, "-n", "--json").stdout))
    assert {"stage": "train", "would": "cached", "from": "runs/first"} in planned
    assert not (tmp_path / "runs/second").exists()
    done = run("second", *changed, "--json")
    assert done.exit_code == 0, done.output
    assert done.stderr.count("cached from runs/first") == 8
    stages = {stage["name"]: stage for stage in json.loads(done.stdout)["stages"]}
    assert {stage.get("from") for name, stage in stages.items() if name != "gate"} == {"runs/first"}
    assert (stages["gate"]["status"], stages["gate"].get("from")) == ("finished", None)
    assert (tmp_path / "runs/second/splits.json").read_bytes() == (tmp_path / "runs/first/splits.json").read_bytes()
    assert [stage.origin for stage in Run.load(tmp_path / "runs/second").stages][-2:] == [tmp_path / "runs/first", None]
    assert "from" not in json.loads(run("second", *changed, "--json").stdout)["stages"][0]


def test_dropping_what_is_old_takes_nothing_from_the_runs_that_reused_it(run):
    assert run("first").exit_code == run("second").exit_code == 0
    assert run("first", "--seed", "6", "--drop-old").exit_code == 0
    again = json.loads(run("second", "--json").stdout)
    assert {stage["status"] for stage in again["stages"]} == {"cached"}
    assert again["accepted"] is True


@pytest.fixture
def imported(cli, small_dataset, tmp_path):
    """Import a file of so many rows in a run of that name: how the import was done, and row -> split."""
    recipe = f'[[import]]\nreader = "csv"\nsource = "rows.csv"\nsplit = {SPLITTING}\nlabel = "intent"\n'
    (tmp_path / "recipe.toml").write_text(recipe)

    def imported(name, count, *words):
        with (tmp_path / "rows.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(
                [("text", "intent"), *[(row.text, row.intent) for row in small_dataset.utterances[-count:]]]
            )
        done = cli("run", tmp_path / "recipe.toml", "-o", tmp_path / name, "--json", *words)
        assert done.exit_code == 0, done.output
        (stage,) = json.loads(done.stdout)["stages"]
        run = Run.load(tmp_path / name)
        return "from" in stage, {row.text: row.split for row in Dataset.load(run.stages[0].path)}

    return imported


def test_an_import_is_reused_with_its_splits_and_its_ledger(imported, tmp_path):
    _, first = imported("runs/first", 72)
    reused, second = imported("runs/second", 72)
    assert (reused, second) == (True, first)
    ledgers = [json.loads((tmp_path / f"runs/{name}/splits.json").read_text()) for name in ("first", "second")]
    assert ledgers[0] == ledgers[1]


def test_an_import_that_an_earlier_split_had_a_say_in_is_not_reused(imported):
    """Another folder gives the same digests: what a run remembers is its own."""
    _, alone = imported("elsewhere/alone", 72)
    imported("runs/first", 40)
    _, kept = imported("runs/first", 72)
    assert kept != alone
    reused, second = imported("runs/second", 72)
    assert (reused, second) == (False, alone)


def test_an_import_is_not_reused_where_the_run_remembers_other_splits(imported):
    _, few = imported("runs/second", 40)
    imported("runs/first", 72)
    reused, second = imported("runs/second", 72)
    assert not reused
    assert few.items() <= second.items()


def test_an_import_whose_ledger_changed_nothing_is_reused(imported):
    """Every row was known in the split that a new run gives it, too."""
    _, first = imported("runs/first", 72)
    assert imported("runs/first", 72, "--force") == (False, first)
    assert imported("runs/second", 72) == (True, first)
