"""The section of the report: what it draws, in both languages, and what it does without measurements."""

from __future__ import annotations

import copy
import re

import pytest

from tests.run_folder import RunFolder
from workbench.io.files import write_json
from workbench_compress.report.picture import draw, ticks
from workbench_compress.report.section import sections, values


@pytest.fixture(scope="module")
def measurements(searching):
    return searching.measurements("whole")


def written(folder, *found):
    """A run with a compress stage for each measurements; None for one that left none."""
    made = RunFolder(folder)
    for number, measurements in enumerate(found, 1):
        out = made.stage(f"compress-{number}", "compress")
        if measurements is not None:
            (out.parent / "measurements").mkdir()
            write_json(out.parent / "measurements" / "search.json", measurements)
    return made.done()


def test_without_a_search_there_is_no_section(tmp_path):
    assert list(sections(written(tmp_path / "run", None))) == []


def test_every_candidate_is_in_both_drawings_and_in_the_table(tmp_path, measurements):
    (section,) = sections(written(tmp_path / "run", None, measurements))
    for candidate in measurements["candidates"]:
        assert section.html.count(f"<title>{candidate['name']}</title>") == 2
    rows = re.findall(r"<tr[^>]*>\s*<th scope=\"row\"><bdi>", section.html)
    assert len(rows) == len(measurements["candidates"])
    assert section.html.count('class="pareto-chosen"') == 2
    assert section.html.count('lang="en"') == section.html.count('lang="zh"')


def shown(html: str) -> str:
    """The English text of markup."""
    english = re.sub(r'<span lang="zh">.*?</span>', "", html)
    return " ".join(re.sub(r"<wbr>|</?bdi>|<(?!/?(?:wbr|bdi)\b)[^>]+>", " ", english).split())


def test_each_candidate_is_shown_with_its_graph_and_its_predictions(tmp_path, measurements):
    odd = copy.deepcopy(measurements)
    odd["candidates"][1] |= {"disagreement": 0.046, "divergence": 0.0321}
    told = {"export_disagreement": 0.0124, "export_logit_difference": 0.2345, "labels_changed_by_batch": 17}
    odd["candidates"][0] |= {**told, "facts": {"nodes": 1234, "fused_nodes": 56, "int8_nodes": 78}}
    (section,) = sections(written(tmp_path / "run", odd))
    text = shown(section.html)
    assert "1.2% 0.23" in text
    assert "4.6% 0.032" in text
    assert "1,234 56, 78 17" in text
    head = re.search(r'<table class="pareto-candidates">.*?</thead>', section.html, re.S)[0]
    for row in re.findall(r"<tr[ >].*?</tr>", section.html.split(head)[1].split("</table>")[0], re.S):
        assert len(re.findall("<t[hd]", row)) == len(re.findall("<th ", head))


def test_how_many_labels_the_chosen_one_changes_is_said(tmp_path, measurements):
    odd = copy.deepcopy(measurements)
    next(c for c in odd["candidates"] if c["chosen"])["disagreement"] = 0.0124
    (section,) = sections(written(tmp_path / "run", odd))
    assert "Labels changed 1.2%" in shown(section.html)


def test_how_losses_are_judged_and_what_plain_int8_is_is_said_in_both_languages(tmp_path, measurements):
    (section,) = sections(written(tmp_path / "run", measurements))
    assert section.html.count("Bonett &amp; Price 2012") == 2
    assert "bootstrap" not in section.html
    assert "自助" not in section.html
    assert "optimum&#39;s export, then onnxruntime&#39;s dynamic int8 per channel" in section.html
    assert "optimum 导出后用 onnxruntime 按通道做动态 int8 量化" in section.html


def test_a_search_that_chose_nothing_is_shown_with_its_nearest_misses(tmp_path, measurements):
    odd = copy.deepcopy(measurements)
    for candidate in odd["candidates"]:
        candidate |= {"chosen": False, "misses": f"{candidate['name']} is too large"}
    names = [candidate["name"] for candidate in odd["candidates"]]
    odd |= {"chosen": None, "nearest": names[2:0:-1]}
    (section,) = sections(written(tmp_path / "run", odd))
    text = shown(section.html)
    first, second = (text.index(f"{name} is too large") for name in odd["nearest"])
    assert text.index("No candidate keeps every budget. Nearest:") < first < second
    assert section.html.count('class="pareto-chosen"') == 0
    assert section.html.count("<title>") == 2 * len(names)
    assert values(odd)["peers"] == []


def test_names_are_escaped(tmp_path, measurements):
    odd = copy.deepcopy(measurements)
    odd["candidates"][0]["name"] = "<script>x</script>"
    odd["machine"]["cpu"] = "A <CPU>"
    (section,) = sections(written(tmp_path / "run", odd))
    assert "<script>" not in section.html
    assert "A &lt;CPU&gt;" in section.html


def test_agreement_is_not_called_accuracy_of_labels(tmp_path, measurements):
    odd = copy.deepcopy(measurements)
    odd["judged"]["labelled_by"] = "baseline"
    odd["screening"] = None
    (section,) = sections(written(tmp_path / "run", odd))
    assert "accuracy here is agreement" in section.html
    assert "<details>" not in section.html


def test_the_peers_are_compared_with_the_chosen_one(measurements):
    shown = values(measurements)
    assert {peer["label"][0] for peer in shown["peers"]} <= {"plain fp32", "plain int8"}
    chosen = next(c for c in measurements["candidates"] if c["chosen"])
    for peer in shown["peers"]:
        (same,) = [c for c in measurements["candidates"] if c["name"] == "baseline-" + peer["label"][0].split()[1]]
        assert peer["times"] == pytest.approx(same["mean_ms"] / chosen["mean_ms"])


def mark(name: str, ms: float, accuracy: float, *, misses: str = "", chosen: bool = False) -> dict:
    peer = name.startswith("baseline-")
    return {"name": name, "mean_ms": ms, "accuracy": accuracy, "misses": misses, "chosen": chosen, "peer": peer}


MARKS = [
    mark("baseline-fp32", 10.0, 0.94),
    mark("baseline-int8", 4.0, 0.938),
    mark("small", 1.0, 0.93, misses="max_drop"),
    mark("tiny", 0.5, 0.4, misses="max_drop"),
    mark("best", 2.0, 0.936, chosen=True),
]


def drawn(most: float | None = None):
    return draw(MARKS, lambda c: c["mean_ms"], 0.935, most, ("ms", "毫秒"))


def test_faster_is_further_left_and_better_is_higher():
    points = {point.name: point for point in drawn().points}
    assert points["best"].x < points["baseline-int8"].x < points["baseline-fp32"].x
    assert points["baseline-fp32"].y < points["baseline-int8"].y < points["best"].y < points["small"].y
    assert {name: point.kind for name, point in points.items()} == {
        "baseline-fp32": "peer",
        "baseline-int8": "peer",
        "small": "broken",
        "tiny": "broken",
        "best": "chosen",
    }


def test_what_is_far_below_stands_on_the_edge():
    picture = drawn()
    assert [point.name for point in picture.points if point.below] == ["tiny"]
    assert all(picture.top <= point.y <= picture.bottom for point in picture.points)
    assert picture.points[-1].kind == "chosen", "on top of the others"


def test_budget_lines_are_where_their_limits_are():
    points = {point.name: point for point in drawn().points}
    assert points["best"].y < drawn().least < points["small"].y
    assert drawn().most is None
    assert drawn(most=0.0).most is None, "a logarithm has no place for 0"
    assert drawn(most=10.0).most == pytest.approx({p.name: p for p in drawn(most=10.0).points}["baseline-fp32"].x)


def test_the_front_leaves_out_what_is_beaten():
    worse = [*MARKS, mark("worse", 8.0, 0.9)]
    picture = draw(worse, lambda c: c["mean_ms"], 0.935, None, ("ms", "毫秒"))
    assert picture.front.count("V") == 3, "tiny is too far below, and the first is where it starts"
    assert f"V{next(p for p in picture.points if p.name == 'worse').y}" not in picture.front


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.0, 10.0, ["0", "2", "4", "6", "8", "10"]),
        (0.0, 0.31, ["0.0", "0.1", "0.2", "0.3"]),
        (92.7, 94.1, ["93.0", "93.5", "94.0"]),
    ],
)
def test_ticks_are_round_numbers(low, high, words):
    assert [word for _, word in ticks(low, high)] == words
