"""Searches that share what they put aside: what one finds of another, and whose minutes it counts."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass

import pytest

from tests.compress.harness import KEY, ROOM, Searching
from workbench.api import build_host, hookimpl
from workbench.components import Pass
from workbench.context import Context
from workbench.engine.sections import ComponentConfig
from workbench.engine.stage import Stage
from workbench.errors import GateRefused, WorkbenchError
from workbench.io.files import replace_json
from workbench.nouns.model import Model
from workbench.options import option
from workbench_compress import SearchOptions
from workbench_compress.lab.latency_bench import LatencyBench
from workbench_compress.lab.token_table import token_table
from workbench_compress.lab.workshop import ABOUT, MODEL, SPENT, VALUE, Workshop
from workbench_compress.space.architecture import discover_space


def test_a_search_counts_what_it_uses_and_nothing_else(searching, tmp_path):
    known = searching.known("whole", tmp_path)
    known.note("whole", "other", None)
    replace_json(known.step("whole", "other") / ABOUT, {"seconds": 1e6, "by": []})
    known.run("whole")
    assert known.measurements("whole")["seconds"] == pytest.approx(searching.measurements("whole")["seconds"], abs=0.11)


def test_what_a_killed_attempt_spent_in_a_step_counts_once(searching, tmp_path):
    (tmp_path / "step.work").mkdir()
    replace_json(tmp_path / "step.work" / SPENT, {"seconds": 30.0})
    lab = Workshop(Context(searching.host, 13, tmp_path), 60.0)
    assert lab.seconds == 30
    lab.made("step", lambda out, _: shutil.copytree(searching.model.path, out))
    assert lab.took("step") > 30
    assert lab.seconds == pytest.approx(lab.took("step"))
    again = Workshop(Context(searching.host, 13, tmp_path), 60.0)
    assert again.seconds == 0
    again.noted("note", lambda: again.made("step", lambda *_: None).task)
    assert again.seconds == pytest.approx(lab.took("step") + again.took("note"))
    assert 0 <= again.took("note") < 5
    last = Workshop(Context(searching.host, 13, tmp_path), 60.0)
    assert (last.noted("note", lambda: None), last.seconds) == ("intent", again.seconds)


def test_the_time_of_a_step_that_failed_is_spent(searching, tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("workbench_compress.lab.workshop.time.monotonic", lambda: now[0])

    def make(_, context):
        now[0] += 15.0
        context.log({"loss": float("nan")}, 1)
        raise WorkbenchError("the loss is nan")

    lab = Workshop(Context(searching.host, 13, tmp_path), 1.0)
    with pytest.raises(WorkbenchError, match="nan"):
        lab.made("one", make)
    assert (lab.left, lab.finished()) == (45.0, frozenset())
    assert Workshop(Context(searching.host, 13, tmp_path), 1.0).left == 60.0, "another search may not ask for it"


def test_progress_counts_the_step_that_is_running(searching, tmp_path, monkeypatch):
    """Or else the time left would grow while a pruned model is trained."""
    now, shares = [100.0], []
    monkeypatch.setattr("workbench_compress.lab.workshop.time.monotonic", lambda: now[0])
    heard = Context(searching.host, 13, tmp_path, log=lambda metrics, step: shares.append(metrics["progress"]))

    def make(out, context):
        for _ in range(2):
            now[0] += 15.0
            context.log({"loss": 1.0}, 1)
        shutil.copytree(searching.model.path, out)

    lab = Workshop(heard, 1.0)
    lab.made("one", make)
    lab.made("two", make)
    assert shares == [0.25, 0.5, 0.5, 0.75, 1.0, 1.0]


def test_steps_that_share_a_scratch_folder_find_what_others_put_aside(searching, tmp_path):
    """As trainings do, whose teacher answers the same texts."""
    lab, seen = Workshop(Context(searching.host, 13, tmp_path), 60.0), []

    def make(out, context):
        shutil.copytree(searching.model.path, out)
        seen.append(sorted(path.name for path in context.work.iterdir()))
        (context.work / f"left-{len(seen)}").touch()

    for name in ("one", "two"):
        lab.made(name, make, shared="both")
    lab.made("three", make)
    assert seen == [[], ["left-1"], []]
    assert not list(tmp_path.glob("*.work"))


def test_the_trainings_of_a_search_ask_the_teacher_once(searching):
    work = searching.work("whole")
    names = [path.name.rpartition("-")[0] for path in (work / "recover.shared").iterdir() if path.is_dir()]
    assert sorted(names) == ["teacher-logits", "teacher-states"]


def test_budgets_do_not_change_what_is_put_aside(host):
    component = host.registry("passes")["search"]

    def key(**options):
        step = ComponentConfig("passes", "search", component, SearchOptions(**options))
        return Stage("x", "compress", lambda *_: {}, steps=(step,)).key(host, 13, {}, work_only=True)

    assert key() == key(max_size_mb=1.0) == key(max_latency_ms=1.0, minutes=3.0)
    assert key() != key(vocabulary="trim")


def test_each_size_budget_has_a_vocabulary_of_its_own(searching, tmp_path, monkeypatch):
    known, hidden = searching.known("whole", tmp_path), token_table(searching.model).width
    least = min(c["bytes"] for c in searching.measurements("whole")["candidates"] if not c["pruned"])
    sizes = {}
    for common, size in ((999, 0.9 * least), (2, 0.45 * least), (999, 0.9 * least)):
        monkeypatch.setattr("workbench_compress.policy.conditions.TOKENS_SHARE", common * hidden / size)
        with suppress(GateRefused):
            known.run("whole", max_size_mb=size / 1e6, max_drop=ROOM, minutes=0.0)
        found = {c["name"]: c for c in known.measurements("whole")["candidates"]}
        assert {c["name"].split("-")[2] for c in found.values() if c["trimmed"]} == {str(common)}
        sizes.setdefault(common, []).append(found[f"baseline-trimmed-{common}-int8"]["bytes"])
    assert sizes[999][0] == sizes[999][1] > sizes[2][0]


def test_pruned_models_of_a_trimmed_one_are_others(searching, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench_compress.policy.conditions.TOKENS_SHARE", 0.0)
    known = searching.known("whole", tmp_path)
    before = {path: path.stat().st_mtime_ns for path in known.work("whole").glob(f"*/{ABOUT}")}
    known.run("whole", max_size_mb=1000.0, max_drop=100.0, vocabulary="trim")
    assert {path: path.stat().st_mtime_ns for path in before} == before
    made = known.steps("whole").keys() - searching.steps("whole").keys()
    assert {"latency-table-baseline-trimmed-0", "latency-table-baseline-trimmed-0-tokenizing"} <= made
    pruned = [c for c in known.measurements("whole")["candidates"] if c["pruned"]]
    assert pruned
    assert all(c["name"].startswith("trimmed-0-") and c["trimmed"] for c in pruned)


def test_the_latency_table_of_a_trimmed_model_is_another(searching, tmp_path):
    known = searching.known("whole", tmp_path)
    noted = json.loads((known.step("whole", "latency-table-baseline") / VALUE).read_text(encoding="utf-8"))
    short = {
        chain: {name: {**cost, "ms": cost["ms"][:2]} for name, cost in found.items()}
        for chain, found in noted["networks"].items()
    }
    known.note("whole", "latency-table-other", {**noted, "lengths": [3, 5], "networks": short})
    known.note("whole", "latency-table-other-tokenizing", 1000.0)
    lab = Workshop(Context(known.host, 13, known.work("whole")), 60.0)
    texts = [row.text for row in known.dataset.labelled("dev")][:5]  # of other lengths than those of the note
    bench = LatencyBench(lab, discover_space(known.host.registry("passes"), known.model), {}, lambda *_: known.model)
    whole, other = (bench.measure(f"latency-table-{name}", known.model, texts) for name in ("baseline", "other"))
    assert (whole.lengths, other.lengths) == (tuple(noted["lengths"]), (3, 5))
    for name in whole.chains:
        assert other.predict(bench.space.full, name)[0] > 1000 > whole.predict(bench.space.full, name)[0]


@dataclass(frozen=True)
class Few:
    epochs: int = option(1, "of training")


class Others:
    """The passes of `workbench_prune`, of which the one that recovers has another name and takes its epochs alone."""

    @hookimpl
    def passes(self):
        components = build_host().registry("passes")
        pruning = {name: each for name, each in components.items() if each.role == "prune"}
        own = components["recover"]
        run = lambda model, out, few, context: own(model, out, own.options(epochs=few.epochs), context)  # noqa: E731
        formats = {"consumes": "torch", "produces": "torch"}
        return {**pruning, "tutor": Pass(run=run, options=Few, summary="", role="recover", **formats)}


@pytest.mark.parametrize("capable", [True, False])
def test_models_are_trained_in_bfloat16_where_the_cpu_multiplies_it(searching, tmp_path, monkeypatch, capable):
    monkeypatch.setattr("workbench_compress.lab.models.multiplies_bfloat16", lambda: capable)
    assert [step["options"]["bf16"] for step in trained_anew(searching.known("whole", tmp_path))] == [capable]


def test_another_pass_that_recovers_gets_the_options_that_it_has(searching, tmp_path):
    host = build_host([name for name in build_host().versions if name != "workbench_prune"])
    host.register(Others(), "others")
    known = searching.known("whole", tmp_path)
    known.host = host
    assert [step["options"]["epochs"] for step in trained_anew(known)] == [1]


def trained_anew(known: Searching) -> list[dict]:
    """The steps of training of a pruned model, once nothing stands that was trained."""
    for name, path in known.steps("whole").items():
        if "-e1" in name:
            shutil.rmtree(path)
    assert not list(known.work("whole").glob("*-e1*"))
    known.run("whole")
    trained, *_ = known.work("whole").glob(f"layers*-e1-{KEY}")
    return [step for step in Model.load(trained / MODEL).history if step["step"] == "distil"]
