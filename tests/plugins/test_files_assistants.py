"""Exports of other assistants: the same rows come in, whatever the format; what is not used is said."""

from __future__ import annotations

import json
import logging
import zipfile

import pytest

from workbench.errors import WorkbenchError
from workbench.options import parse_options

ROWS = [
    ("where is my parcel", "track order"),
    ("track parcel 12345", "track order"),
    ("我的快递到哪了", "track order"),
    ("i want my money back", "refund"),
    ("yes please", "yes"),
]

RASA = """\
version: "3.1"
nlu:
- intent: track order
  examples: |
    - where is my parcel
    - track parcel [12345](order_id)
    - 我的[快递]{"entity": "item", "value": "parcel"}到哪了
- intent: refund
  examples:
  - text: |
      i want my [money][{"entity": "a"}, {"entity": "b"}] back
    metadata:
      source: chat
- intent: yes
  examples: |
    - yes please
- synonym: parcel
  examples: |
    - package
- lookup: city
  examples: |
    - Berlin
- regex: order_id
  examples: |
    - \\d{5}
"""


def grouped():
    names = dict.fromkeys(intent for _, intent in ROWS)
    return {name: [text for text, intent in ROWS if intent == name] for name in names}


def is_chinese(text):
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)


def parts(text):
    """A phrase as Dialogflow cuts it at an entity."""
    before, number, after = text.partition("12345")
    return [{"text": before}, *([{"text": number, "meta": "@order", "alias": "id"}] if number else []), {"text": after}]


def dialogflow():
    files = {"agent.json": {"displayName": "shop"}, "package.json": {"version": "1.0.0"}, "entities/order.json": {}}
    for name, texts in grouped().items():
        files[f"intents/{name}.json"] = {"name": name, "auto": True}
        for language in ("en", "zh-cn"):
            says = [
                {"id": str(n), "data": parts(text), "isTemplate": False}
                for n, text in enumerate(texts)
                if is_chinese(text) == (language == "zh-cn")
            ]
            files[f"intents/{name}_usersays_{language}.json"] = says
    files["intents/refund_usersays_en.json"].append({"data": [{"text": "@sys.any back"}], "isTemplate": True})
    return files


def lex():
    files = {"Manifest.json": {"fileFormat": "LexJson"}, "Shop/BotLocales/en_US/SlotTypes/Order/SlotType.json": {}}
    for name, texts in grouped().items():
        for locale in ("en_US", "zh_CN"):
            said = [{"utterance": text} for text in texts if is_chinese(text) == (locale == "zh_CN")]
            folder = f"Shop/BotLocales/{locale}/Intents/{name}"
            files[f"{folder}/Intent.json"] = {"name": name, "sampleUtterances": said or None}
    return files


def clu():
    return {
        "projectFileVersion": "2022-05-01",
        "metadata": {"projectKind": "Conversation", "language": "en-us", "multilingual": True},
        "assets": {
            "intents": [{"category": name} for name in grouped()],
            "entities": [{"category": "order"}],
            "utterances": [
                {
                    "text": text,
                    "intent": intent,
                    "language": "zh-hans" if is_chinese(text) else "en-us",
                    "dataset": "Test" if intent == "yes" else "Train",
                    "entities": [{"category": "order", "offset": 13, "length": 5}] if "12345" in text else [],
                }
                for text, intent in ROWS
            ],
        },
    }


def luis():
    return {
        "luis_schema_version": "7.0.0",
        "culture": "en-us",
        "intents": [{"name": name} for name in grouped()],
        "closedLists": [{"name": "city"}],
        "patterns": [{"pattern": "track {order}", "intent": "track order"}],
        "utterances": [{"text": text, "intent": intent, "entities": []} for text, intent in ROWS],
    }


def write_folder(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    return folder


def write_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, json.dumps(content))
    return path


def written(folder, reader):
    """The same rows as an export of the named kind; the kind's name begins with the reader's."""
    if reader == "rasa":
        (folder / "data").mkdir()
        (folder / "data" / "nlu.yml").write_text(RASA, encoding="utf-8")
        (folder / "data" / "stories.yml").write_text("version: '3.1'\nstories:\n- story: s\n", encoding="utf-8")
        return folder / "data"
    if reader in ("clu", "clu of LUIS"):
        path = folder / "project.json"
        path.write_text(json.dumps(clu() if reader == "clu" else luis()), encoding="utf-8")
        return path
    files = dialogflow() if reader.startswith("dialogflow") else lex()
    return write_zip(folder / "export.zip", files) if reader.endswith("zip") else write_folder(folder / "bot", files)


KINDS = ("rasa", "clu", "clu of LUIS", "dialogflow", "dialogflow zip", "lex", "lex zip")


@pytest.fixture
def read(host, context, tmp_path):
    def reading(kind, path, **options):
        reader = host.registry("readers")[kind.split()[0]]
        return reader(str(path), tmp_path / "out", parse_options(reader.options, options, "import"), context)

    return reading


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_rows_come_in(kind, read, tmp_path):
    dataset = read(kind, written(tmp_path, kind))
    assert sorted((row.text.strip(), row.intent) for row in dataset) == sorted(ROWS)
    assert dataset.intents == ("refund", "track order", "yes")


@pytest.mark.parametrize("kind", ["clu", "dialogflow", "lex zip"])
def test_languages_are_told_apart(kind, read, tmp_path):
    path = written(tmp_path, kind)
    assert {row.language for row in read(kind, path)} == {"en", "zh"}
    assert [row.text for row in read(kind, path, language="zh")] == ["我的快递到哪了"]
    with pytest.raises(WorkbenchError, match=r"no phrase in the language 'fr'\. Set language to one of en, zh"):
        read(kind, path, language="fr")


def test_clu_states_splits(read, tmp_path):
    assert {row.intent: row.split for row in read("clu", written(tmp_path, "clu"))} == {
        "track order": "train",
        "refund": "train",
        "yes": "test",
    }


@pytest.mark.parametrize(
    ("kind", "unused"),
    [
        ("rasa", "3 entity marks, 1 lookup tables, 1 regular expressions, 1 synonyms"),
        ("clu", "1 entities, 1 entity marks"),
        ("clu of LUIS", "1 entities, 1 patterns"),
        ("dialogflow", "1 entity files, 1 entity marks, 1 phrases in template mode"),
        ("lex", "1 slot types"),
    ],
)
def test_what_is_not_used_is_said(kind, unused, read, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    read(kind, written(tmp_path, kind))
    assert f"not used for intents: {unused}" in caplog.text


def test_a_slot_becomes_the_words_of_its_name(read, tmp_path):
    intent = {"name": "book", "sampleUtterances": [{"utterance": "fly from {DepartureCity} on {travel_date}"}]}
    path = write_folder(tmp_path / "bot", {"BotLocales/en_US/Intents/book/Intent.json": intent})
    assert [row.text for row in read("lex", path)] == ["fly from departure city on travel date"]


@pytest.mark.parametrize(
    ("kind", "content", "message"),
    [
        ("rasa", "stories: []", "no list `nlu`"),
        ("rasa", "## intent:greet\n- hey\n", "no list `nlu`"),
        ("rasa", "nlu:\n- intent: [a", "is not valid YAML"),
        ("rasa", "nlu:\n- intent: a\n  examples: |\n    hello\n", "'hello' does not begin with a dash"),
        ("rasa", "nlu:\n- examples: |\n    - hello\n", "nlu entry 1: has no key intent"),
        ("rasa", "nlu:\n- intent: a\n  examples:\n  - words: hi\n", "an example has no text"),
        ("rasa", "nlu: []", "has no training phrase"),
        ("clu", "[]", "neither a CLU project nor a LUIS project"),
        ("clu", "{", "is not valid JSON"),
        ("clu", '{"utterances": [{"text": "a"}]}', "utterance 1: has no text or no intent"),
        ("dialogflow", "{}", "is not an agent of Dialogflow ES"),
        ("lex", "{}", "is not a bot of Lex V2"),
    ],
)
def test_another_file_is_refused(kind, content, message, read, tmp_path):
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(WorkbenchError, match=message) as refused:
        read(kind, path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("intents/a_usersays_en.json", "{}", "not a list of training phrases"),
        ("intents/a_usersays_en.json", '[{"data": "hi"}]', "phrase 1: has no list `data` of texts"),
        ("BotLocales/en_US/Intents/a/Intent.json", "[]", "no list `sampleUtterances`"),
        ("BotLocales/en_US/Intents/a/Intent.json", '{"sampleUtterances": [{}]}', "sample utterance 1: has no text"),
    ],
)
def test_an_odd_entry_is_named(name, content, message, read, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(WorkbenchError, match=message) as refused:
        read("lex" if "Lex" in name or "Bot" in name else "dialogflow", tmp_path)
    assert name in str(refused.value)


def test_a_damaged_archive_is_refused(read, tmp_path):
    path = write_zip(tmp_path / "bot.zip", lex())
    data = bytearray(path.read_bytes())
    data[60:80] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(WorkbenchError, match="cannot be read as a zip archive"):
        read("lex", path)


def test_an_archive_that_unpacks_too_large_is_refused(read, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench_files.assistants.archive.LARGEST_ARCHIVE", 100)
    with pytest.raises(WorkbenchError, match="the limit is 0 MB"):
        read("lex", write_zip(tmp_path / "bot.zip", lex()))
