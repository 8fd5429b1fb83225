"""The documentation: links, languages, commands, and names of the code on reference pages."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from tests.benchmarks.page import page as benchmarks_page
from tests.page_blocks import blocks
from workbench.cli.root import build_cli
from workbench.engine.recipe import check_recipe

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), ROOT / "examples/README.md"])
LANGUAGES = ("en", "zh")
OF_TUTORIALS = re.compile(r"--use tfidf\b")  # components of plugins that a tutorial writes
SOURCES = [path for name in ("workbench", "plugins") for path in (ROOT / name).rglob("*.py")]


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MyST make them; those of an included page, too."""
    text = page.read_text(encoding="utf-8")
    included = re.search(r"^```{include} (.*)$", text, re.M)
    more = headings(page.parent / included[1]) if included else set()
    text = re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M)
    titles = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles} | more


def test_every_link_leads_somewhere():
    dead = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            file, _, anchor = link.partition("#")
            target = page.parent / file if file else page
            if "://" not in link and not (target.exists() and (not anchor or anchor in headings(target))):
                dead.append(f"{page.relative_to(ROOT)}: {link}")
    assert not dead


def test_the_pages_of_benchmarks_are_current():
    for language in LANGUAGES:
        found = (DOCS / language / "benchmarks.md").read_text(encoding="utf-8")
        assert found == benchmarks_page(language), "nox -s docs"


def commands() -> list[tuple[str, str]]:
    """Page and line of every `workbench` command in a block of a page."""
    found = []
    for page in PAGES:
        for block in blocks(page):
            if block.language in ("bash", "console"):
                lines = block.body.replace("\\\n", " ").splitlines()
                words = [re.sub(r"^\$ ", "", line.strip()) for line in lines]
                found += [(page.name, line) for line in words if line.startswith("workbench ")]
    return [(page, line) for page, line in found if not OF_TUTORIALS.search(line)]


def test_every_command_has_arguments_and_options_that_exist(host, monkeypatch):
    monkeypatch.setattr(click.Path, "convert", lambda self, value, parameter, context: Path(value))  # the file may lack
    cli, wrong = build_cli(host), []
    for page, line in commands():
        words = shlex.split(line)[1:]
        words = words[: next((n for n, word in enumerate(words) if word in (">", "|", "&", "&&")), len(words))]
        command, parent = cli, None
        while words and hasattr(command, "commands") and words[0] in command.commands:
            parent = command.make_context(words[0], [], parent=parent, resilient_parsing=True)
            command, words = command.commands[words[0]], words[1:]
        assert parent or words[0].startswith("-"), f"{page}: {line}"
        try:
            command.make_context("verb", list(words), parent=parent)
        except click.ClickException as error:
            wrong.append(f"{page}: {line}: {error.format_message()}")
        except click.exceptions.Exit:  # after --help or --version
            pass
    assert not wrong


def test_every_recipe_has_keys_that_exist(host, tmp_path):
    for page in sorted((DOCS / "en").rglob("*.md")):
        for block in blocks(page):
            if block.language == "toml" and not block.title:  # those of tutorials have components of their plugins
                check_recipe(tomllib.loads(block.body), host, page.name, tmp_path)


def test_every_environment_variable_is_documented():
    page = (DOCS / "en/reference/environment.md").read_text(encoding="utf-8")
    quoted = re.compile(r'"((?:WORKBENCH|LABEL_STUDIO|XDG|ORT|OMP)_[A-Z_]+[A-Z])"')
    found = {name for path in SOURCES for name in quoted.findall(path.read_text(encoding="utf-8"))}
    from workbench_labelstudio.live.settings import KNOWN

    assert len(found) > 6
    assert not [name for name in sorted(found | KNOWN) if f"`{name}`" not in page]


def test_every_key_of_a_format_is_documented():
    from workbench.engine import run
    from workbench.nouns import bundle, dataset, model

    formats = (DOCS / "en/reference/formats.md").read_text(encoding="utf-8")
    contract = (DOCS / "en/reference/model-contract.md").read_text(encoding="utf-8")
    shapes = (run.RECORD, bundle.SHAPE, bundle.FIGURE, dataset.SHAPE)
    assert not [key for shape in shapes for key in shape if f"`{key}`" not in formats]
    assert not [key for key in model.SHAPE if f"`{key}`" not in contract]


def test_every_key_of_a_request_and_a_response_is_documented():
    from workbench_serve import schemas

    page = (DOCS / "en/reference/http-api.md").read_text(encoding="utf-8")
    bodies = (schemas.PredictRequest, schemas.PredictResponse, schemas.RankedIntent, schemas.Health, schemas.Problem)
    assert not [key for body in bodies for key in body.model_fields if f"`{key}`" not in page]


def test_every_page_is_there_in_both_languages_with_the_same_code():
    english, chinese = (
        sorted(path.relative_to(DOCS / name) for path in (DOCS / name).rglob("*.md")) for name in LANGUAGES
    )
    assert english == chinese
    differing = []
    for page in english:
        ours, theirs = (
            [block for block in blocks(DOCS / name / page) if block.language != "text"] for name in LANGUAGES
        )
        included = "{include}" in (DOCS / "zh" / page).read_text(encoding="utf-8")
        if ours != theirs and not included:
            differing.append(str(page))
    assert not differing


def test_the_sections_of_the_report_are_explained():
    from workbench_evaluate.sections import TEMPLATES

    pages = [(DOCS / name / "how-to/report.md").read_text(encoding="utf-8") for name in LANGUAGES]
    assert not [title for part in TEMPLATES for title, page in zip(part.title, pages, strict=True) if title not in page]


def test_every_extra_that_is_named_exists():
    known = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"])
    named = {
        (page.name, extra)
        for page in PAGES
        for names in re.findall(r"(?:\.|intent-workbench)\[([a-z,]+)\]", page.read_text(encoding="utf-8"))
        for extra in names.split(",")
    }
    assert named
    assert not [(page, extra) for page, extra in sorted(named) if extra not in known | {"test"}]


@pytest.mark.parametrize("folder", LANGUAGES)
def test_every_page_has_a_place_in_the_index(folder):
    index = (DOCS / folder / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(DOCS / folder).with_suffix("").as_posix() for path in (DOCS / folder).rglob("*.md")}
    assert not [page for page in sorted(pages - {"index"}) if not re.search(rf"^{page}$", index, re.M)]
