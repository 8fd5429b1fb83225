"""`report.html`: assembled from plugins' sections, escaped, whole, and independent of the world outside."""

from __future__ import annotations

import base64
import builtins
import hashlib
import re

import pytest

from tests.run_folder import RunFolder
from workbench.api import hookimpl
from workbench.errors import MissingExtra
from workbench.host import build_host
from workbench.report.markup import both, environment, megabytes, name, number, percent, seconds
from workbench.report.page import write_report
from workbench.report.section import Section


class Sections:
    """A plugin with these sections; an exception among them is raised in its turn."""

    def __init__(self, *sections):
        self.sections = sections

    @hookimpl
    def report_sections(self, run):
        for section in self.sections:
            if isinstance(section, Exception):
                raise section
            yield section


@pytest.fixture
def bare():
    """A host without a plugin."""
    return build_host([])


@pytest.fixture
def run(tmp_path, small_dataset):
    folder = RunFolder(tmp_path / "客服 & co")
    small_dataset.save(folder.stage("import", "import"))
    return folder.done()


def page(host, run) -> str:
    return write_report(host, run).read_text(encoding="utf-8")


def test_sections_of_all_plugins_stand_in_their_order(bare, run):
    bare.register(Sections(Section(("Last", "末"), "<p>3</p>", 90), Section(("First", "首"), "<p>1</p>", 5)), "a")
    bare.register(Sections(Section(("Middle", "中"), "<p>2</p>")), "b")
    html = page(bare, run)
    assert html.index("<p>1</p>") < html.index("<p>2</p>") < html.index("<p>3</p>")
    assert '<h2 id="title-2"><span lang="en">Middle</span><span lang="zh">中</span></h2>' in html
    assert re.findall(r'href="#(section-\d)"', html) == re.findall(r'<section id="(section-\d)"', html)


def test_a_plugin_that_raises_is_named_and_the_others_stay(bare, run, caplog):
    kept, lost = Section(("Kept", "留"), "<p>kept</p>"), Section(("Lost", "失"), "")
    bare.register(Sections(kept, ValueError("<oops>"), lost), "broken")
    bare.register(Sections(Section(("Other", "他"), "<p>other</p>")), "sound")
    html = page(bare, run)
    assert "The plugin broken failed to make all of its sections" in html
    assert "<p>kept</p>" in html
    assert "<p>other</p>" in html
    assert "Lost" not in html
    assert "oops" not in html
    assert "plugin broken failed in report_sections" in caplog.text
    assert "ValueError: <oops>" in caplog.text


def test_css_that_sections_share_is_there_once(bare, run):
    bare.register(Sections(*(Section((str(n), ""), "", n, ".mine { color: var(--ink) }") for n in range(3))), "a")
    assert page(bare, run).count(".mine {") == 1


def test_a_run_without_sections_is_a_page_with_its_facts(bare, run):
    html = page(bare, run)
    assert "<bdi>客服 &amp; co</bdi>" in html
    assert "<dd>minilm</dd>" in html
    assert "<dd>36</dd>" in html
    assert "not checked by a gate" in html
    assert "<nav" not in html


def test_a_failed_run_says_so_and_why(bare, tmp_path):
    folder = RunFolder(tmp_path)
    folder.stage("import", "import", status="failed", error="x.csv: <script> is no header")
    html = page(bare, folder.done())
    assert '<span class="badge bad"><span lang="en">failed</span>' in html
    assert "x.csv: &lt;script&gt; is no header" in html


@pytest.mark.parametrize(
    ("encoder", "shown"),
    [
        ("BAAI/bge-small-zh", "BAAI/bge-small-zh"),
        ("/home/someone/models/mine", "mine"),
        ("./models/mine", "mine"),
    ],
)
def test_of_an_encoder_folder_only_the_name_is_shown(bare, tmp_path, encoder, shown):
    html = page(bare, RunFolder(tmp_path / "run", {"train": {"use": "probe", "encoder": encoder}}).done())
    assert f"<dd>{shown}</dd>" in html
    assert "someone" not in html


def test_an_encoder_that_the_recipe_leaves_open_is_the_trainers_own(host, tmp_path):
    from workbench.options import option_fields

    trainer = host.registry("trainers")["probe"]
    default = next(field.default for field in option_fields(trainer.options) if field.name == "encoder")
    assert f"<dd>{default}</dd>" in page(host, RunFolder(tmp_path / "run", {"train": {"use": "probe"}}).done())


def test_a_recipe_without_training_has_a_page_too(bare, tmp_path):
    assert "Verdict" in page(bare, RunFolder(tmp_path / "run", {"seed": 5}).done())


def test_nothing_is_loaded_from_outside_and_only_the_pages_own_script_may_run(bare, run):
    html = page(bare, run)
    assert not re.search(r"https?://|@import|url\(|\bsrc=", html)
    script = re.search(r"<script>(.*?)</script>", html, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert f"script-src 'sha256-{digest}';" in policy


def test_the_page_is_replaced_whole_or_not_at_all(bare, run, monkeypatch):
    before = page(bare, run)
    bare.register(Sections(Section(("New", "新"), "<p>new</p>")), "new")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("workbench.io.files.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_report(bare, run)
    assert (run.path / "report.html").read_text(encoding="utf-8") == before
    assert sorted(entry.name for entry in run.path.iterdir()) == ["report.html", "run.json", "stages"]
    assert page(bare, run) != before


def test_the_same_run_gives_the_same_page(host, run):
    assert page(host, run) == page(build_host(), run)


def test_without_jinja2_the_error_names_the_extra(bare, run, monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "jinja2":
            raise ModuleNotFoundError("No module named 'jinja2'", name="jinja2")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r'pip install "intent-workbench\[report\]"'):
        write_report(bare, run)
    assert not (run.path / "report.html").exists()


def test_templates_escape_and_refuse_what_is_missing():
    templates = environment("workbench.report")
    shown = templates.from_string("{{ both(x, x) }}").render(x="<&")
    assert shown == '<span lang="en">&lt;&amp;</span><span lang="zh">&lt;&amp;</span>'
    with pytest.raises(Exception, match="'y' is undefined"):
        templates.from_string("{{ y }}").render()


def test_markup_given_to_both_is_kept():
    assert both(name("a_b"), "<") == '<span lang="en"><bdi>a_<wbr>b</bdi></span><span lang="zh">&lt;</span>'


def test_numbers_are_written_for_people():
    assert [number(value) for value in (3, 3.0, 10126, 1234.56, 0.93123, 2.3e-7)] == [
        "3",
        "3",
        "10,126",
        "1,235",
        "0.9312",
        "2.3e-07",
    ]
    assert [seconds(value) for value in (0.0, 4.24, 9.96, 59.4, 59.6, 836.2, 3599.7, 5000)] == [
        "0.0 s",
        "4.2 s",
        "10 s",
        "59 s",
        "1 min 00 s",
        "13 min 56 s",
        "1 h 00 min",
        "1 h 23 min",
    ]
    assert percent(0.93284) == "93.3%"
    assert percent(1, 2) == "100.00%"
    assert megabytes(24_480_000) == "24.5 MB"


def test_intents_are_shown_from_their_root_and_may_break_at_separators():
    assert name("card_arrival") == "<bdi>card_<wbr>arrival</bdi>"
    assert name(["card", "<lost>"]) == "<bdi>card › &lt;lost&gt;</bdi>"
    assert name("__x__") == "<bdi>__<wbr>x__</bdi>"
