"""What `workbench compress` says of its choice, and what it leaves of a search that no candidate satisfies."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from click.testing import CliRunner

from tests.compress.harness import sources
from workbench.api import build_host, hookimpl
from workbench.cli.root import build_cli
from workbench.components import Pass
from workbench.engine.run import Run
from workbench.nouns.bundle import Bundle

ALONE = ("--minutes", "0")  # the unpruned model only
TOO_SMALL = ("--max-size-mb", "0.0001")


@pytest.fixture(scope="module")
def data(searching, tmp_path_factory):
    out = tmp_path_factory.mktemp("rows") / "data"
    searching.dataset.save(out)
    return out


@pytest.fixture
def compress(workbench, searching, data, tmp_path):
    """Search into `tmp_path / "bundle"`."""
    words = ("compress", searching.model.path, "--data", data, "-o", tmp_path / "bundle", *ALONE)
    return lambda *more: workbench(*words, *more)


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_choice_is_told_in_two_lines_and_as_json(compress, tmp_path):
    done = compress("--max-drop", "2", "--json")
    assert done.exit_code == 0, done.output
    told, measurements = json.loads(done.stdout), read(tmp_path / "bundle.measurements/search.json")
    (chosen,) = [c for c in measurements["candidates"] if c["chosen"]]
    said = told["summary"]
    assert told["bytes"] == Bundle.load(tmp_path / "bundle").size()
    assert (said["chosen"], said["points_lost"]) == (chosen["name"], chosen["accuracy_loss"]["points"])
    assert (said["points_lost_at_most"], said["confidence"]) == (chosen["accuracy_loss"]["bound"], 0.7)
    assert said["disagreement"] == chosen["disagreement"]
    assert (said["mean_ms"], said["bytes"]) == (chosen["mean_ms"], chosen["bytes"])
    assert (said["candidates"], said["seconds"]) == (len(measurements["candidates"]), measurements["seconds"])
    peers = {"plain int8": "baseline-int8", "plain fp32": "baseline-fp32"}
    times = {c["name"]: c["mean_ms"] / chosen["mean_ms"] for c in measurements["candidates"] if not c["chosen"]}
    assert said["times_as_fast_as"] == {peer: times[name] for peer, name in peers.items() if name in times}
    first, second = done.stderr.splitlines()[-2:]
    points = re.escape(f"{abs(said['points_lost']):.2f}")
    assert re.fullmatch(
        f"chosen: {chosen['name']}, {points} points (lost|won) on 120 dev rows, at most "
        f"{said['points_lost_at_most']:.2f} lost with 0.7 confidence; "
        f"{100 * said['disagreement']:.1f} % of them change their label",
        first,
    )
    assert second.startswith(f"{said['mean_ms']:.2f} ms per text, ")
    for peer, factor in said["times_as_fast_as"].items():
        assert f"{factor:.1f} times as fast as {peer}" in second
    assert f"; {len(measurements['candidates'])} candidates in " in second


def test_what_names_its_passes_says_nothing_more(workbench, searching, tmp_path):
    done = workbench("compress", searching.model.path, "--use", "onnx", "-o", tmp_path / "bundle", "--json")
    assert set(json.loads(done.stdout)) == {"model", "bytes"}
    assert done.stderr.splitlines()[-1] == f"wrote {tmp_path / 'bundle'}"


class Copies:
    """A pass after which the model is another one, if only by its history."""

    @hookimpl
    def passes(self):
        return {"copies": Pass(run=self.copy, summary="")}

    @staticmethod
    def copy(model, out, options, context):
        shutil.copytree(model.path, out)
        return model.derive(out, {"step": "copies"})


def test_a_choice_from_which_another_pass_made_something_is_not_told_as_what_was_made(searching, data, tmp_path):
    host = build_host()
    host.register(Copies(), "copies")
    words = ("compress", searching.model.path, "--data", data, "--use", "search,copies", "-o", tmp_path / "bundle")
    more = ("--search.max-drop", "2", "--search.minutes", "0", "--json")
    done = CliRunner().invoke(build_cli(host), list(map(str, [*words, *more])))
    assert done.exit_code == 0, done.output
    assert Bundle.load(tmp_path / "bundle").model.history[-1] == {"step": "copies"}
    assert (set(json.loads(done.stdout)), "chosen" in done.stderr) == ({"model", "bytes"}, False)
    assert read(tmp_path / "bundle.measurements/search.json")["chosen"]


def test_a_refusal_leaves_its_measurements_and_a_looser_budget_replaces_it(compress, tmp_path):
    place = tmp_path / "bundle.measurements"
    done = compress(*TOO_SMALL)
    assert done.exit_code == 3
    assert f"wrote {place}\n" in done.stderr
    refused = read(place / "search.json")
    assert refused["chosen"] is None
    assert refused["candidates"]
    assert refused["nearest"][0] in read(place / "refused.json")["error"]
    assert not (tmp_path / "bundle").exists()
    assert not (place / "summary.json").exists()
    again = compress("--max-drop", "2")
    assert again.exit_code == 0, again.output
    assert read(place / "search.json")["chosen"] == Bundle.load(tmp_path / "bundle").model.history[-1]["chosen"]
    assert not (place / "refused.json").exists()


@pytest.fixture(scope="module")
def refused(workbench, searching, tiny_encoder, tmp_path_factory):
    """A run whose search is refused, and what it said."""
    place = tmp_path_factory.mktemp("refused")
    (place / "recipe.toml").write_text(
        f"""{sources(searching.dataset, place)}
[train]
use = "finetune"
encoder = "{tiny_encoder}"
epochs = 1

[evaluate]
baselines = []

[[compress]]
use = "search"
minutes = 0.0
max_size_mb = 0.0001
""",
        encoding="utf-8",
    )
    return place, workbench("run", place / "recipe.toml", "-o", place / "run")


def test_a_run_that_is_refused_keeps_the_measurements_and_its_report_shows_it(refused):
    place, done = refused
    assert done.exit_code == 3
    failed = Run.load(place / "run").stages[-1]
    assert (failed.name, failed.status) == ("compress-1-search", "failed")
    measurements = read(place / "run/stages/compress-1-search/measurements/search.json")
    assert measurements["chosen"] is None
    page = (place / "run/report.html").read_text(encoding="utf-8")
    assert "No candidate keeps every budget. Nearest:" in page
    assert "没有候选满足全部预算" in page
    for candidate in measurements["candidates"]:
        assert f"<title>{candidate['name']}</title>" in page


def test_the_same_run_with_another_budget_goes_on_and_forgets_the_refusal(refused, workbench):
    place, _ = refused
    words = ("run", place / "recipe.toml", "-o", place / "run", "--compress.search.max_size_mb", "50")
    done = workbench(*words, "--compress.search.max_drop", "100")
    assert done.exit_code == 0, done.output
    assert "train: cached" in done.stderr
    assert "    chosen: baseline" in done.stderr
    assert not (place / "run/stages/compress-1-search").exists()
