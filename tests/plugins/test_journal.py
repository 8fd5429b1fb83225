"""The journal: a line for each stage, through the host as a run would."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from workbench.engine.run import StageRecord


@pytest.fixture
def stage(tmp_path):
    def make(name, **more):
        return StageRecord(name, "train", tmp_path / "stages" / f"{name}-0123abcd" / "out", "0123abcd", **more)

    return make


def journal(tmp_path):
    return [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()]


def test_each_stage_gets_a_line_in_its_order(host, stage, tmp_path):
    host.observe("stage_finished", stage=stage("clean", status="cached"))
    host.observe("stage_finished", stage=stage("train", seconds=1.23456, metrics={"loss": 0.25}))
    first, second = journal(tmp_path)
    assert (first["stage"], first["status"], first["metrics"]) == ("clean", "cached", {})
    assert (second["stage"], second["seconds"], second["metrics"]) == ("train", 1.235, {"loss": 0.25})
    assert datetime.strptime(second["at"], "%Y-%m-%dT%H:%M:%S%z").tzinfo


def test_a_failure_says_why_and_keeps_its_language(host, stage, tmp_path):
    host.observe("stage_finished", stage=stage("导入", status="failed", error="第3行：空"))
    assert '"error": "第3行：空"' in (tmp_path / "journal.jsonl").read_text(encoding="utf-8")


def test_a_metric_cannot_hide_a_field_of_the_line(host, stage, tmp_path):
    host.observe("stage_finished", stage=stage("train", metrics={"stage": 1.0, "seconds": 2.0}))
    (line,) = journal(tmp_path)
    assert line["stage"] == "train"
    assert line["metrics"] == {"stage": 1.0, "seconds": 2.0}


def test_a_run_folder_that_cannot_be_written_is_logged_and_fails_nothing(host, stage, caplog):
    record = stage("train")
    record.path.parents[2].joinpath("journal.jsonl").mkdir()
    host.observe("stage_finished", stage=record)
    assert "workbench_journal failed in stage_finished" in caplog.text
