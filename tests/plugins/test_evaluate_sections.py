"""The sections of a run's report: what they say of a whole run, of a poor one, and of hostile text."""

from __future__ import annotations

import dataclasses
import re

import pytest

from tests.run_folder import RunFolder, full_run, story
from workbench.io.files import read_json, write_json
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance

SHARES = {"names": 0.55, "probe": 0.8, "finetune": 0.9, "bundle": 0.85}
HOSTILE = '</section><script>alert("1")</script> & <img src=x onerror=alert(2)>'


@pytest.fixture(scope="session")
def reports(host, small_dataset):
    return story(host, small_dataset, SHARES)


@pytest.fixture
def sections(host):
    def of(run):
        return [section for made in host.hook.report_sections(run=run) for section in made]

    return of


@pytest.fixture
def html_of(sections):
    def of(run, title):
        return next(section.html for section in sections(run) if section.title[0] == title)

    return of


def titles(sections):
    return [section.title[0] for section in sections]


def words(html: str) -> str:
    """The English text of markup."""
    html = re.sub(r'<span lang="zh">.*?</span>', "", html)
    return " ".join(re.sub(r"<wbr>|</?bdi>", "", re.sub(r"<(?!/?(wbr|bdi))[^>]+>", " ", html)).split())


def test_a_whole_run_has_every_section_in_order_and_in_two_languages(tmp_path, small_dataset, reports, sections):
    found = sections(full_run(tmp_path, small_dataset, reports))
    assert titles(found) == [
        "Before and after",
        "Data",
        "Per intent",
        "Confusions",
        "Confident errors",
        "Compression and gate",
        "Stages",
    ]
    assert [section.order for section in found] == [10, 20, 30, 40, 50, 60, 70]
    for section in found:
        assert section.title[1]
        assert section.html.count('lang="en"') == section.html.count('lang="zh"') > 0


def test_before_and_after_tells_both_ends_and_every_figure(tmp_path, small_dataset, reports, html_of):
    html = html_of(full_run(tmp_path, small_dataset, reports), "Before and after")
    by = {(report.subject, report.split): report for report in reports}
    first, last = (f"{by[subject, 'test'].metrics['accuracy']:.1%}" for subject in ("names", "bundle"))
    assert first != last
    assert words(html).startswith(f"{first} Zero-shot → {last} Served bundle Accuracy on test, 18 rows")
    for report in reports:
        assert f"<strong>{report.metrics['accuracy']:.1%}</strong>" in html
        assert f"{report.metrics['macro_f1']:.1%}" in html
        low, high = report.details["accuracy_interval"]
        assert f"{100 * low:.1f}–{high:.1%}" in html


def test_the_story_runs_from_names_to_bundle_however_it_was_measured(tmp_path, small_dataset, reports, html_of):
    html = html_of(full_run(tmp_path, small_dataset, reports[::-1]), "Before and after")
    places = [html.rindex(name) for name in ("Zero-shot", "Linear probe", "Fine-tuned", "Served bundle")]
    assert places == sorted(places)


def test_without_test_rows_the_story_is_told_on_dev(tmp_path, small_dataset, reports, html_of):
    run = full_run(tmp_path, small_dataset, [report for report in reports if report.split == "dev"])
    assert "Accuracy on dev" in html_of(run, "Before and after")
    assert "Served bundle on dev" in html_of(run, "Per intent")


def test_data_counts_rows_and_says_what_was_left_out(tmp_path, small_dataset, html_of):
    made = Utterance("extra", "i wnat my money", "i wnat my money", ("refund",), split="train", origin="augment:typos")
    dataset = small_dataset.with_rows([*small_dataset, made, Utterance("u", "?", "?", split="train")])
    dataset = dataset.counted("labelstudio-export", {"skipped": 1500, "blank": 0})
    folder = RunFolder(tmp_path)
    dataset.save(folder.stage("import", "import"))
    text = words(html_of(folder.done(), "Data"))
    assert "train 37 1 38 dev 18 0 18 test 18 0 18" in text
    assert "labelstudio-export skipped 1,500" in text
    assert "blank" not in text
    assert "refund 13 6 6 25" in text
    assert "Of all rows, 1 are unlabelled" in text


def test_intents_stand_worst_first_and_those_without_rows_are_only_counted(tmp_path, small_dataset, host, html_of):
    dataset = dataclasses.replace(small_dataset, intents=(*small_dataset.intents, "unseen"))
    run = full_run(tmp_path, dataset, story(host, dataset, SHARES))
    report = next(r for r in run.reports() if (r.subject, r.split) == ("bundle", "test"))
    worst = sorted((e for e in report.details["per_intent"] if e["rows"]), key=lambda e: e["f1"])
    html = html_of(run, "Per intent")
    assert [html.index(f"<strong>{entry['f1']:.1%}</strong>") for entry in worst] == sorted(
        html.index(f"<strong>{entry['f1']:.1%}</strong>") for entry in worst
    )
    assert "Intents without a row on test: 1." in html
    assert "unseen" not in html


def test_the_heat_map_shows_the_most_confused_of_many_intents(tmp_path, host, html_of):
    names = tuple(f"intent_{n:02d}" for n in range(40))
    dataset = Dataset(
        "intent",
        names,
        tuple(
            Utterance(f"{name}-{n}", f"{name} {n}", f"{name} {n}", (name,), split=("train", "dev", "test")[n % 3])
            for name in names
            for n in range(12)
        ),
    )
    html = html_of(full_run(tmp_path, dataset, story(host, dataset, {"finetune": 0.6, "bundle": 0.5})), "Confusions")
    heat = html[: html.index("</table>")]
    assert "The 30 most confused of 40 intents are shown." in html
    assert heat.count('class="heat-name"') == 30
    assert heat.count('class="heat-right"') == 30
    assert heat.count("heat-wrong") > 20
    assert "intent_<wbr>" in heat


def test_confusions_agree_with_the_report(tmp_path, small_dataset, reports, html_of):
    run = full_run(tmp_path, small_dataset, reports)
    report = next(r for r in run.reports() if (r.subject, r.split) == ("bundle", "test"))
    html = html_of(run, "Confusions")
    wrong = [int(rows) for rows in re.findall(r'class="heat-wrong"[^>]*>(\d+)', html)]
    right = [int(rows) for rows in re.findall(r'<td class="heat-right">(\d+)', html)]
    assert sorted(wrong, reverse=True) == [rows for _, _, rows in report.details["confusions"]]
    assert sum(wrong) + sum(right) == report.rows


def test_errors_are_quoted_with_both_intents_and_long_ones_are_cut(tmp_path, small_dataset, host, html_of):
    rows = [dataclasses.replace(row, text="长" * 900) if row.split == "test" else row for row in small_dataset]
    dataset = small_dataset.with_rows(rows)
    run = full_run(tmp_path, dataset, story(host, dataset, SHARES))
    html = html_of(run, "Confident errors")
    worst = next(r for r in run.reports() if (r.subject, r.split) == ("bundle", "test")).details["worst_errors"]
    assert html.count("<li>") == len(worst) > 0
    assert f"True {worst[0]['intent']} Predicted {worst[0]['predicted']} Score {worst[0]['score']:.1%}" in words(html)
    assert "长" * 400 + "…" in html
    assert "长" * 401 not in html


@pytest.mark.parametrize(
    ("accepted", "said", "figure"),
    [
        (True, "Accepted", "max_accuracy_drop 0.12 points 0.5 points within budget"),
        (False, "Refused", "max_accuracy_drop 0.71 points 0.5 points exceeded"),
    ],
)
def test_the_gate_says_its_figures(tmp_path, small_dataset, reports, html_of, accepted, said, figure):
    html = html_of(full_run(tmp_path, small_dataset, reports, accepted=accepted), "Compression and gate")
    assert '<span lang="zh">模型：融合节点数</span>' in html
    text = words(html)
    assert text.startswith(said)
    assert figure in text
    assert "99.31%" in text
    assert "0.214" in text
    assert "another intent in a batch than with batch size 1 3 of 1,234 " in text
    assert "Largest score difference between a batch and batch size 1 0.0125" in text
    assert "Model: fused nodes 37 Model: int8 nodes, or both 61 Model: nodes 142" in text
    assert "torch → ONNX 256 ( dev ) 100.00% 3.1e-06 float32 → int8 64 ( calibration ) 98.50% 0.21" in text
    assert "on 977 dev rows" in text
    assert "none 1 4.20% 0.31" in text
    assert "on the baseline model 0.8 3.10% 0.29 fitted after compression, as served 0.66 1.20% 0.27" in text
    assert "&lt;i&gt;own&lt;/i&gt; 1 ( &lt;i&gt;own&lt;/i&gt; ) 100.00% 0" in text
    assert "train 0.1 MB compress-1-onnx 0.1 MB compress-2-int8 0.0 MB" in text
    assert "A &lt;CPU&gt; &amp; co" in text


def test_what_an_older_version_measured_is_shown_without_what_it_lacks(tmp_path, small_dataset, reports, html_of):
    run = full_run(tmp_path, small_dataset, reports)
    path = run.stage("measure").path / "report.json"
    value = read_json(path)
    for name in ("invariance", "legs", "facts", "calibration"):
        del value["measurement"][name]
    write_json(path, value)
    text = words(html_of(run, "Compression and gate"))
    assert "99.31%" in text
    assert not any(said in text for said in ("in a batch", "Model: nodes", "Each pass", "Temperature"))


def test_stages_show_seconds_status_and_figures(tmp_path, small_dataset, reports, html_of):
    text = words(html_of(full_run(tmp_path, small_dataset, reports), "Stages"))
    assert "9 stages, 15 min 07 s in total" in text
    assert "train finished 13 min 56 s dev_accuracy 0.9312" in text
    assert "clean cached 0.6 s removed 3" in text


def test_a_run_that_failed_early_has_the_sections_that_it_can_have(tmp_path, small_dataset, sections, html_of):
    folder = RunFolder(tmp_path)
    small_dataset.save(folder.stage("import", "import"))
    folder.stage("clean", "clean", status="failed", error="line 3 <b> is no row")
    assert titles(sections(folder.done())) == ["Data", "Stages"]
    assert "failed" in html_of(folder.done(), "Stages")
    assert "line 3 &lt;b&gt; is no row" in html_of(folder.done(), "Stages")


def test_a_run_that_failed_at_once_has_its_stages_and_an_empty_one_nothing(tmp_path, sections):
    assert sections(RunFolder(tmp_path).done()) == []
    folder = RunFolder(tmp_path)
    folder.stage("import", "import", 0.0, status="failed", error="there is no such file")
    assert titles(sections(folder.done())) == ["Stages"]


def test_sections_whose_metric_was_not_asked_for_are_left_out(tmp_path, small_dataset, host, sections, html_of):
    logits = story(host, small_dataset, {"probe": 0.7})
    assert logits[0].details["confusions"]
    few = [
        dataclasses.replace(report, metrics={"accuracy": 0.7}, details={"confusions": report.details["confusions"]})
        for report in logits
    ]
    folder = RunFolder(tmp_path)
    write_json(folder.stage("evaluate", "evaluate") / "report.json", {"reports": [report.to_json() for report in few]})
    run = folder.done()
    assert titles(sections(run)) == ["Before and after", "Confusions", "Stages"]
    assert "Macro F1" not in html_of(run, "Before and after")
    assert "Share of intent" not in html_of(run, "Confusions")


def test_hostile_texts_intents_and_names_are_only_shown(tmp_path, host, sections):
    names = ("<b>咨询</b>", '"onmouseover="alert(3)', "plain")
    dataset = Dataset(
        "intent",
        names,
        tuple(
            Utterance(f"<i>{n}", f"{HOSTILE} {n}", HOSTILE, (names[n % 3],), split=("train", "dev", "test")[n // 3 % 3])
            for n in range(90)
        ),
        counts={"<u>csv</u>": {"<s>blank</s>": 3}},
    )
    run = full_run(tmp_path, dataset, story(host, dataset, SHARES))
    html = "".join(section.html for section in sections(run))
    assert not re.search(r"<(script|img|i|u|s|b)[\s>]", html.replace('<i class="', ""))
    assert "onmouseover=&#34;" not in re.sub(r">[^<]*<", "><", html)
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &amp; &lt;img" in html


def test_hierarchical_intents_are_shown_from_their_root_on(tmp_path, host, html_of):
    names = (("card", "lost"), ("card", "stolen"), ("loan",))
    dataset = Dataset(
        "intent",
        names,
        tuple(
            Utterance(f"{n}", f"text {n}", f"text {n}", (names[n % 3],), split=("train", "dev", "test")[n // 3 % 3])
            for n in range(90)
        ),
    )
    run = full_run(tmp_path, dataset, story(host, dataset, SHARES))
    for title in ("Data", "Per intent", "Confusions", "Confident errors"):
        assert "card › stolen" in html_of(run, title)


def test_the_same_run_gives_the_same_sections(tmp_path, small_dataset, reports, sections):
    run = full_run(tmp_path, small_dataset, reports)
    assert sections(run) == sections(run)


def test_a_trainer_without_a_word_here_goes_by_its_own_name(tmp_path, small_dataset, host, html_of):
    folder = RunFolder(tmp_path)
    [report, _] = story(host, small_dataset, {"distil": 0.7})
    write_json(folder.stage("evaluate", "evaluate") / "report.json", {"reports": [report.to_json()]})
    assert '<span lang="en">distil</span><span lang="zh">distil</span>' in html_of(folder.done(), "Before and after")
