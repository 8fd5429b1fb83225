"""The embedded dataset keeps its rules; `init` writes good recipes; `quickstart` goes through to an answer."""

from __future__ import annotations

import itertools
import os
import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from workbench.engine.recipe import check_recipe
from workbench.engine.sections import EvaluateOptions, ImportOptions, RecipeOptions
from workbench.errors import UsageProblem
from workbench.options import NoOptions, option_fields
from workbench.text.normalization import text_key
from workbench_quickstart.data import LANGUAGES
from workbench_quickstart.recipe import RecipeChoices, recipe_text

READERS = ("labelstudio-export", "csv", "quickstart")
OPTION = re.compile(r"^(?:# )?(?P<name>[\w-]+) = (?P<value>.*?) {8}# ", re.MULTILINE)
COMMENTED = re.compile(r"^# (?P<line>[\w-]+ = .+?) {8}# .*$", re.MULTILINE)


@pytest.fixture(scope="session")
def utterances(host, tmp_path_factory):
    """Each language's dataset."""
    reader = host.registry("readers")["quickstart"]
    out = tmp_path_factory.mktemp("quickstart")
    return {language: reader(language, out, NoOptions(), None) for language in LANGUAGES}


def by_intent(dataset):
    texts = {intent: [] for intent in dataset.intents}
    for row in dataset:
        texts[row.intent].append(row.text)
    return texts


def shared_trigrams(one, other):
    """Of all character trigrams of two texts, the share that both have."""
    sets = [{text[n : n + 3] for n in range(len(text) - 2)} for text in (one.casefold(), other.casefold())]
    return len(sets[0] & sets[1]) / max(1, len(sets[0] | sets[1]))


def beginning(text, language):
    return text[:3] if language == "zh" else tuple(re.findall(r"[\w']+", text.casefold())[:3])


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_intents_and_utterances(utterances, language):
    sizes = {intent: len(texts) for intent, texts in by_intent(utterances[language]).items()}
    assert len(sizes) >= 12
    assert min(sizes.values()) >= 40, sizes


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_utterances_of_an_intent_are_alike(utterances, language):
    for intent, texts in by_intent(utterances[language]).items():
        for one, other in itertools.combinations(texts, 2):
            assert shared_trigrams(one, other) <= 0.6, (intent, one, other)


@pytest.mark.parametrize("language", LANGUAGES)
def test_few_utterances_of_an_intent_begin_alike(utterances, language):
    for intent, texts in by_intent(utterances[language]).items():
        ((words, count),) = Counter(beginning(text, language) for text in texts).most_common(1)
        assert count <= 3, (intent, words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_utterance_stands_twice_or_has_white_space_around_it(utterances, language):
    keys = Counter(text_key(row.text) for row in utterances[language])
    assert [key for key, count in keys.items() if count > 1 or not key] == []
    assert [row.text for row in utterances[language] if row.text != row.text.strip()] == []


def test_both_languages_ask_for_the_same_in_the_same_order(utterances):
    english, chinese = (list(by_intent(utterances[language])) for language in ("en", "zh"))
    assert english[:4] == ["product_enquiry", "complaint", "refund", "delivery_status"]
    assert chinese[:4] == ["咨询产品", "投诉问题", "申请退款", "查询物流"]
    assert len(english) == len(chinese)


def test_a_language_that_there_is_none_of_is_refused(host, context, workbench, tmp_path):
    with pytest.raises(UsageProblem, match="unknown language 'fr'"):
        host.registry("readers")["quickstart"]("fr", tmp_path, NoOptions(), context)
    result = workbench("quickstart", "--language", "fr")
    assert result.exit_code == 2
    assert "'fr' is not one of 'en', 'zh'" in result.output


def test_an_encoder_that_knows_no_chinese_is_refused_with_those_that_do(host, workbench, tmp_path):
    result = workbench("quickstart", "--language", "zh", "--encoder", "minilm", "-o", tmp_path / "run")
    assert result.exit_code == 2
    assert "the encoder minilm does not support the language 'zh'" in result.output
    fitting = {
        name for name, component in host.registry("encoders").items() if {"zh", "multi"} & set(component.languages)
    }
    assert fitting
    assert set(result.output.strip(".\n").rpartition("one of ")[2].split(", ")) == fitting
    assert not (tmp_path / "run").exists()


def test_the_seed_is_that_of_recipes(workbench, tmp_path):
    assert re.search(rf"--seed .*?\[default: {RecipeOptions.seed}\]", workbench("quickstart", "-h").output, re.DOTALL)
    result = workbench("quickstart", "--seed", "-1", "-o", tmp_path / "run")
    assert (result.exit_code, "seed: is -1" in result.output) == (2, True)


@pytest.fixture
def written(host):
    """A recipe as `workbench init` writes it."""

    def text(reader="quickstart", source="rows.x", **choices):
        return recipe_text(RecipeChoices(source, reader, **choices), host)

    return text


@pytest.mark.parametrize("reader", READERS)
def test_init_writes_a_recipe_that_is_right_unchanged(host, written, reader):
    text = written(reader, encoder="some/folder", trainer="probe")
    recipe = check_recipe(tomllib.loads(text), host, "recipe.toml", Path())
    assert [(step.name, step.settings.source) for step in recipe.imports] == [(reader, "rows.x")]
    assert (recipe.train.name, recipe.train.options.encoder) == ("probe", "some/folder")
    assert [step.name for step in recipe.compress] == ["onnx", "int8"]
    assert recipe.top == RecipeOptions()


@pytest.mark.parametrize("reader", READERS)
def test_a_recipe_shows_every_option_of_every_section(host, written, reader):
    parts = re.split(r"^(\[.+\])$", written(reader), flags=re.MULTILINE)
    shown = [("top", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
    named = host.registry

    def names(*options):
        return [field.name for part in options for field in option_fields(part)]

    expected = [
        ("top", names(RecipeOptions)),
        ("[[import]]", names(ImportOptions, named("readers")[reader].options)),
        ("[clean]", ["use"]),
        *(
            (f"[clean.{cleaner}]", fields)
            for cleaner in ("repair", "conflicts", "exact-duplicates")
            if (fields := names(named("cleaners")[cleaner].options))
        ),
        ("[augment]", ["use"]),
        ("[train]", ["use", *names(named("trainers")["finetune"].options)]),
        ("[evaluate]", names(EvaluateOptions)),
        *(("[[compress]]", ["use", *names(named("passes")[name].options)]) for name in ("onnx", "int8")),
        ("[gate]", sorted(named("budgets"))),
    ]
    found = [(header, [match["name"] for match in OPTION.finditer(body)]) for header, body in shown]
    assert found[:-1] == expected[:-1]
    assert (found[-1][0], sorted(found[-1][1])) == expected[-1]


@pytest.mark.parametrize("reader", READERS)
def test_each_default_can_be_uncommented_and_changes_nothing(host, written, reader):
    text = written(reader)
    unchanged = check_recipe(tomllib.loads(text), host, "recipe.toml", Path())
    lines = [match for match in COMMENTED.finditer(text) if not match["line"].endswith("= ")]
    assert len(lines) >= 20
    for match in lines:
        values = tomllib.loads(text[: match.start()] + match["line"] + text[match.end() :])
        recipe = check_recipe(values, host, "recipe.toml", Path())
        assert recipe.values != unchanged.values, match["line"]
        for part in ("top", "imports", "clean", "augment", "train", "evaluate", "compress", "gate"):
            assert getattr(recipe, part) == getattr(unchanged, part), match["line"]


def test_init_overwrites_only_when_told_to(workbench, tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text("mine", encoding="utf-8")
    result = workbench("init", "-o", path)
    assert (result.exit_code, path.read_text(encoding="utf-8")) == (1, "mine")
    assert "exists already" in result.output
    assert workbench("init", "-o", path, "--force").exit_code == 0
    assert tomllib.loads(path.read_text(encoding="utf-8"))["train"]["use"] == "finetune"


@pytest.mark.parametrize("source", ["a\x7fb.csv", "a\x01\t\n.csv", 'a"\\b.csv', "# 文件 😀.csv", "a\x85\u2028b.csv"])
def test_odd_names_come_back_from_the_recipe(written, source):
    assert tomllib.loads(written("csv", source))["import"][0]["source"] == source


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((os.fsdecode(b"\xff.csv"),), "is not UTF-8"),
        (("--encoder", os.fsdecode(b"\xff")), "is not UTF-8"),
        (("rows.csv", "--reader", "cvs"), "Did you mean 'csv'"),
        (("--train", "finetun"), "Did you mean 'finetune'"),
        (("--reader", "csv"), "no source for the reader"),
    ],
)
def test_what_no_recipe_can_say_leaves_no_recipe(workbench, tmp_path, arguments, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in arguments:
        if name.endswith(".csv"):
            (tmp_path / name).write_text("text,intent\na b c,x\nd e f,x\ng h,y\ni j,y\n")
    result = workbench("init", *arguments)
    assert result.exit_code == 2, result.output
    assert words in result.output
    assert not (tmp_path / "recipe.toml").exists()


def test_the_whole_chain_on_a_tiny_encoder(workbench, tiny_encoder, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    out = tmp_path / "run"
    result = workbench("quickstart", "--train", "probe", "--encoder", tiny_encoder, "--seed", 5, "-o", out)
    assert result.exit_code in (0, 3), result.output  # random weights may well fail the gate
    assert (out / "report.html").is_file()
    assert "bundle  " in result.output
    answered = "served  the bundle at" in result.output and '"intent": "' in result.output
    assert answered == (result.exit_code == 0)
    assert ("the gate refuses the bundle" in result.output) == (result.exit_code == 3)
