"""The section of the report: what it draws, in both languages, and what it does without measurements."""

from __future__ import annotations

import copy
import re

import pytest

from tests.run_folder import RunFolder
from workbench.io.files import write_json
from workbench_compress.report.picture import Picture, kind
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


def test_each_candidate_is_shown_with_its_predictions(tmp_path, measurements):
    odd = copy.deepcopy(measurements)
    odd["candidates"][1] |= {"disagreement": 0.046, "divergence": 0.0321}
    told = {"export_disagreement": 0.0124, "export_logit_difference": 0.2345, "labels_changed_by_batch": 17}
    odd["candidates"][0] |= told
    (section,) = sections(written(tmp_path / "run", odd))
    text = shown(section.html)
    assert "1.2% 0.23" in text
    assert "4.6% 0.032" in text
    assert re.search(r" MB 17 ", text)
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


def drawn(most: float | None = None, marks=MARKS, least: float = 0.935) -> Picture:
    return Picture(("ms", "毫秒"), marks, lambda c: c["mean_ms"], least, most)


def test_faster_is_further_left_and_better_is_higher():
    named = {c["name"]: c for c in MARKS}
    x = {name: drawn().x(c["mean_ms"]) for name, c in named.items()}
    y = {name: drawn().y(c["accuracy"]) for name, c in named.items()}
    assert x["best"] < x["baseline-int8"] < x["baseline-fp32"]
    assert y["baseline-fp32"] < y["baseline-int8"] < y["best"] < y["small"]
    assert {name: kind(c) for name, c in named.items()} == {
        "baseline-fp32": "peer",
        "baseline-int8": "peer",
        "small": "broken",
        "tiny": "broken",
        "best": "chosen",
    }


def test_what_is_far_below_stands_on_the_edge():
    picture = drawn()
    assert [c["name"] for c in MARKS if c["accuracy"] < picture.low] == ["tiny"]
    assert all(picture.top <= picture.y(c["accuracy"]) <= picture.bottom for c in MARKS)
    assert picture.marks[-1]["chosen"], "on top of the others"


def test_budget_lines_are_where_their_limits_are(tmp_path, measurements):
    assert drawn().y(0.936) < drawn().y(drawn().least) < drawn().y(0.93)
    odd, budgets = copy.deepcopy(measurements), measurements["budgets"]
    for most, lines in ((None, 2), (0.0, 2), (10.0, 3)):  # a logarithm has no place for 0
        size = [] if most is None else [{"name": "max_size_mb", "most": most, "unit": "MB"}]
        (section,) = sections(written(tmp_path / str(most), {**odd, "budgets": [*budgets, *size]}))
        assert section.html.count('<line class="pareto-budget"') == lines


def test_the_front_leaves_out_what_is_beaten():
    picture = drawn(marks=[*MARKS, mark("worse", 8.0, 0.9)])
    assert picture.front.count("V") == 3, "tiny is too far below, and the first is where it starts"
    assert f"V{picture.y(0.9)}" not in picture.front


@pytest.mark.parametrize(
    ("least", "high", "words"),
    [(0.92, 0.939, ["92.0", "92.5", "93.0", "93.5", "94.0"]), (0.5, 0.95, ["50", "60", "70", "80", "90"])],
)
def test_ticks_are_round_numbers(least, high, words):
    picture = drawn(marks=[mark("one", 1.0, high)], least=least)
    assert [word for _, word in picture.y_ticks] == words
    assert [word for _, word in picture.x_ticks] == ["1"]
