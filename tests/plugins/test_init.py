"""`workbench init FILE`: what it sees of awkward files, and that its recipe imports them unchanged."""

from __future__ import annotations

import json
import tomllib
from collections import Counter

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest

from workbench.engine.recipe import load_recipe

EN = [(f"where is my parcel number {n}", "track") for n in range(12)] + [
    (f"please give me my money back for order {n}", "refund") for n in range(12)
]
ZH = [(f"我的第{n}个快递到哪里了", "物流") for n in range(12)] + [(f"我要退第{n}个订单的钱", "退款") for n in range(12)]


def lines(rows, delimiter=",", header=""):
    quoted = ['"' + f'"{delimiter}"'.join(cell.replace('"', '""') for cell in row) + '"' for row in rows]
    return "\n".join([*filter(None, [header]), *quoted, ""])


def workbook(path):
    file = openpyxl.Workbook()
    for row in [("客户说的话", "类型"), *ZH]:
        file.active.append(row)
    file.save(path)


def parquet(path):
    texts, labels = zip(*EN, strict=True)
    pyarrow.parquet.write_table(pyarrow.table({"utt": texts, "topic": labels}), path)


def nested():
    return [{"id": n, "data": {"utterance": text}, "meta": {"label": label}} for n, (text, label) in enumerate(EN)]


FILES = {
    "bom.csv": lines(EN, header="text,intent").encode("utf-8-sig"),
    "semicolons.csv": lines(
        [(str(n), f"{t}\nthanks", i) for n, (t, i) in enumerate(EN)], ";", "No;Message;Kind"
    ).encode(),
    "gbk.csv": lines(ZH, header="留言,类别").encode("gbk"),
    "utf16.tsv": lines(ZH, "\t", "文本\t意图").encode("utf-16"),
    "no_header.csv": lines(EN).encode(),
    "numbers.csv": lines([(t, "01" if i == "track" else "2") for t, i in EN], header="text,label").encode(),
    "pipes.txt": lines([(t, i) for t, i in EN], "|", "sentence|category").encode(),
    "nested.json": json.dumps({"version": 1, "rows": nested()}).encode(),
    "nested.jsonl": "\n".join(map(json.dumps, nested())).encode(),
    "sheet.xlsx": workbook,
    "table.parquet": parquet,
    "rare.csv": lines([*EN, ("hello there", "greet"), ("hi you", "greet")], header="text,intent").encode(),
}
SEEN = {
    "bom.csv": "reader csv (text 'text', label 'intent')",
    "semicolons.csv": "reader csv (delimiter ';', text 'Message', label 'Kind')",
    "gbk.csv": "reader csv (text '留言', label '类别')",
    "utf16.tsv": "reader tsv (text '文本', label '意图')",
    "no_header.csv": "reader csv (header False, text 'column 1', label 'column 2')",
    "numbers.csv": "reader csv (text 'text', label 'label')",
    "pipes.txt": "reader csv (delimiter '|', text 'sentence', label 'category')",
    "nested.json": "reader json (text 'data.utterance', label 'meta.label')",
    "nested.jsonl": "reader jsonl (text 'data.utterance', label 'meta.label')",
    "sheet.xlsx": "reader xlsx (text '客户说的话', label '类型')",
    "table.parquet": "reader parquet (text 'utt', label 'topic')",
    "rare.csv": "1 intents have fewer than 10 rows: greet (2)",
}


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def written(name, content=None):
        content = FILES[name] if content is None else content
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(content):
            content(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return written


@pytest.mark.parametrize("name", FILES)
def test_an_awkward_file_is_read_without_an_edit(name, make, workbench, host, tmp_path):
    result = workbench("init", make(name), "-o", "new/recipe.toml")
    assert result.exit_code == 0, result.output
    assert SEEN[name] in result.output
    recipe = load_recipe(tmp_path / "new" / "recipe.toml", host)
    assert recipe.train.options.encoder
    dry = workbench("run", "new/recipe.toml", "--dry-run")
    assert dry.exit_code == 0, dry.output


@pytest.mark.parametrize(
    ("name", "code", "encoder"),
    [("bom.csv", "en", "minilm"), ("gbk.csv", "zh", "bge-small-zh"), ("sheet.xlsx", "zh", "bge-small-zh")],
)
def test_the_language_chooses_the_encoder(name, code, encoder, make, workbench):
    result = workbench("init", make(name))
    assert f"languages: {code} 100%" in result.output
    assert f"encoder {encoder}: the smallest encoder for {code}" in result.output


def test_an_encoder_that_does_not_know_the_language_is_refused(make, workbench):
    result = workbench("init", make("gbk.csv"), "--encoder", "minilm")
    assert result.exit_code == 2
    assert "the encoder minilm does not support the language 'zh'" in result.output


def test_few_rows_per_intent_make_a_probe(make, workbench, tmp_path):
    few = lines(EN[:4] + EN[-4:], header="text,intent")
    assert "trainer probe: the median intent has 4 rows;" in workbench("init", make("few.csv", few)).output
    assert tomllib.loads((tmp_path / "recipe.toml").read_text())["train"]["use"] == "probe"


def test_rare_intents_stay_in_train(make, workbench, tmp_path):
    workbench("init", make("rare.csv"))
    assert tomllib.loads((tmp_path / "recipe.toml").read_text())["import"][0]["rare"] == "train"


def test_the_recipe_says_what_was_seen(make, workbench, tmp_path):
    output = workbench("init", make("bom.csv")).output
    head = (tmp_path / "recipe.toml").read_text().split("\n\n")[0]
    for line in output.splitlines()[:-2]:
        assert f"#   {line}" in head


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("two.csv", lines([(t, t[::-1], i) for t, i in EN], header="said,answered,kind"), "--text 'said' or --text"),
        ("numbers.csv", "a,b\n" + "1,2\n3,4\n" * 9, "no column looks like the text"),
        ("alone.csv", "text\n" + "\n".join(f"text number {n}" for n in range(9)), "no row of the 9 has an intent"),
        ("wide.csv", ",".join(f"c{n}" for n in range(500)) + "\n" + ",".join(["x"] * 500), "has 500 columns"),
        ("file.bin", b"\x00\x01", "no reader recognizes the file"),
        ("mixed.csv", lines(ZH, header="text,intent").encode() + "退钱,退款\n".encode("gbk"), "changes its encoding"),
        ("half.json", '[{"text": "a", "inte', "is not valid JSON"),
        ("export.zip", b"PK\x05\x06" + bytes(18), "no reader recognizes the file"),
    ],
)
def test_what_cannot_be_told_is_asked(name, content, words, make, workbench, tmp_path):
    result = workbench("init", make(name, content))
    assert result.exit_code in (1, 2), result.output
    assert words in result.output
    assert not (tmp_path / "recipe.toml").exists()


def test_the_user_names_one_of_two_texts(make, workbench):
    two = lines([(t, t[::-1], i) for t, i in EN], header="said,answered,kind")
    result = workbench("init", make("two.csv", two), "--text", "answered")
    assert (result.exit_code, "text 'answered', label 'kind'" in result.output) == (0, True)


def test_a_missing_file_is_named(workbench, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "there is no such file" in workbench("init", "no.csv").output


def test_an_export_of_an_assistant_is_recognized(make, workbench):
    said = "\n".join(
        f"- intent: {i}\n  examples: |\n" + "".join(f"    - {t}\n" for t, k in EN if k == i)
        for i in Counter(i for _, i in EN)
    )
    make("bot/data/nlu.yml", f"version: '3.1'\nnlu:\n{said}")
    result = workbench("init", "bot")
    assert "bot: reader rasa\n24 rows" in result.output


def test_a_source_on_a_server_is_not_opened(workbench, host, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ("init", "Customer service", "--reader", "labelstudio", "-o", "new/labels.toml")
    result = workbench(*arguments, "--train", "probe")
    assert result.exit_code == 0, result.output
    assert "reader labelstudio; the first run opens the source" in result.output
    recipe = load_recipe(tmp_path / "new/labels.toml", host)
    assert [step.settings.source for step in recipe.imports] == ["Customer service"]
    assert (recipe.train.name, recipe.train.options.encoder) == ("probe", "minilm")


@pytest.mark.parametrize("source", ["Customer service", "bot.yml"])
def test_an_option_that_the_reader_lacks_is_named(source, make, workbench):
    make("bot.yml", "nlu:\n- intent: greet\n  examples: |\n    - hello\n")
    reader = ("--reader", "labelstudio") if source == "Customer service" else ()
    result = workbench("init", source, *reader, "--label", "kind")
    assert (result.exit_code, "unknown key 'label'" in result.output) == (2, True)
