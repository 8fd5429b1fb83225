"""Files: CSV, TSV, JSONL, Parquet and Hugging Face datasets in; CSV and JSONL out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api import Reader, hookimpl, option

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

    from workbench.api import Host


@dataclass(frozen=True)
class TableOptions:
    """Which columns make an utterance."""

    text: str | None = option(None, "column of the text; none = text, utterance, sentence, query or 文本")
    label: str | None = option(None, "column of the intent; none = intent, label, category, 意图, 标签 or 类别")
    id_key: str | None = option(None, "column of an id that stays the same in later imports; none = one from the text")
    split_key: str | None = option(
        None, 'column that holds train, dev or test; none = split, where its values are such; "" = do not read it'
    )
    group_key: str | None = option(None, "column whose rows stay in one split: conversation, customer")
    language: str | None = option(None, "ISO 639-1 code of the texts")


@dataclass(frozen=True)
class TsvOptions(TableOptions):
    """A table of lines."""

    quoted: bool = option(True, "double quotes wrap cells with tabs or line breaks; false = they are letters")
    header: bool = option(True, "the first line names the columns; false = they are called column 1, column 2")


@dataclass(frozen=True)
class CsvOptions(TableOptions):
    """A table of lines whose cells are parted by a character of choice."""

    delimiter: str = option(",", "character between the cells")
    quoted: bool = option(True, "double quotes wrap cells with delimiters or line breaks; false = they are letters")
    header: bool = option(True, "the first line names the columns; false = they are called column 1, column 2")


@dataclass(frozen=True)
class XlsxOptions(TableOptions):
    """A sheet of a workbook."""

    sheet: str | None = option(None, "name of the sheet; none = the only sheet that has rows")


@dataclass(frozen=True)
class HubOptions(TableOptions):
    """A Hugging Face dataset; without `train`, `dev` and `test` all its splits are read, each as what its name says."""

    train: tuple[str, ...] = option((), "its splits that are read as train")
    dev: tuple[str, ...] = option((), "its splits that are read as dev")
    test: tuple[str, ...] = option((), "its splits that are read as test")
    subset: str | None = option(None, "its configuration, where it has several")
    revision: str | None = option(None, "branch, tag or commit on the hub")


@dataclass(frozen=True)
class AssistantOptions:
    """What to read of an export of another assistant."""

    language: str | None = option(None, "ISO 639-1 code of the phrases to read; none = phrases of every language")


@hookimpl
def readers() -> Mapping[str, Reader]:
    """The readers of tables."""
    return {
        "csv": Reader(
            run="workbench_files.delimited:read_csv",
            recognize="workbench_files.recognition:recognize_csv",
            options=CsvOptions,
            summary="a CSV file whose first line names the columns, also gzipped",
        ),
        "tsv": Reader(
            run="workbench_files.delimited:read_tsv",
            recognize="workbench_files.recognition:recognize_tsv",
            options=TsvOptions,
            summary="a file of tab-separated values, also gzipped",
        ),
        "jsonl": Reader(
            run="workbench_files.jsonl:read_jsonl",
            recognize="workbench_files.recognition:recognize_jsonl",
            options=TableOptions,
            summary="a file with one JSON object a line, also gzipped",
        ),
        "json": Reader(
            run="workbench_files.json_list:read_json_list",
            recognize="workbench_files.recognition:recognize_json",
            options=TableOptions,
            summary="a file with one JSON list of objects, also gzipped",
        ),
        "xlsx": Reader(
            run="workbench_files.xlsx:read_xlsx",
            recognize="workbench_files.recognition:recognize_xlsx",
            options=XlsxOptions,
            extra="data",
            libraries=("openpyxl",),
            summary="an Excel workbook whose first row names the columns",
        ),
        "parquet": Reader(
            run="workbench_files.parquet:read_parquet",
            recognize="workbench_files.recognition:recognize_parquet",
            options=TableOptions,
            extra="data",
            libraries=("pyarrow",),
            summary="a Parquet file",
        ),
        "hf": Reader(
            run="workbench_files.hub:read_hf",
            options=HubOptions,
            extra="data",
            libraries=("datasets", "pyarrow"),
            remote=True,
            summary="a Hugging Face dataset: a folder, or a name on the hub",
        ),
        "rasa": Reader(
            run="workbench_files.assistants.rasa:read_rasa",
            recognize="workbench_files.assistants.rasa:recognize_rasa",
            options=AssistantOptions,
            extra="data",
            libraries=("pyyaml",),
            summary="NLU data of Rasa 2 or 3: a YAML file, or the folder data",
        ),
        "dialogflow": Reader(
            run="workbench_files.assistants.dialogflow:read_dialogflow",
            recognize="workbench_files.assistants.dialogflow:recognize_dialogflow",
            options=AssistantOptions,
            summary="an agent exported from Dialogflow ES: the zip archive or its folder",
        ),
        "clu": Reader(
            run="workbench_files.assistants.clu:read_clu",
            recognize="workbench_files.assistants.clu:recognize_clu",
            options=AssistantOptions,
            summary="a project exported from Azure CLU or LUIS: a JSON file",
        ),
        "lex": Reader(
            run="workbench_files.assistants.lex:read_lex",
            recognize="workbench_files.assistants.lex:recognize_lex",
            options=AssistantOptions,
            summary="a bot exported from Amazon Lex V2: the zip archive or its folder",
        ),
    }


@hookimpl
def register_commands(cli: click.Group, host: Host) -> None:
    """`workbench data export`."""
    from workbench_files.verbs import add_verbs

    add_verbs(cli)
