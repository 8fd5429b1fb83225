"""Files: read CSV, TSV, JSONL, Parquet and Hugging Face datasets; write CSV and JSONL."""

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
    """The columns of an utterance."""

    text: str | None = option(None, "column of the text; none = text, utterance, sentence, query or 文本")
    label: str | None = option(None, "column of the intent; none = intent, label, category, 意图, 标签 or 类别")
    id_key: str | None = option(
        None, "column of a row id that is the same in every import; none = an id computed from the text"
    )
    split_key: str | None = option(
        None, 'column with train, dev or test; none = split, if the values are splits; "" = read no splits'
    )
    group_key: str | None = option(
        None, "column whose equal values stay in one split, such as conversation or customer; none = no groups"
    )
    language: str | None = option(None, "ISO 639-1 code of the texts; none = unknown")


@dataclass(frozen=True)
class TsvOptions(TableOptions):
    """A file of tab-separated values."""

    quoted: bool = option(True, "double quotes enclose cells with tabs or line breaks; false = plain characters")
    header: bool = option(True, "the first line names the columns; false = they are called column 1, column 2, …")


@dataclass(frozen=True)
class CsvOptions(TableOptions):
    """A file of values separated by a delimiter."""

    delimiter: str = option(",", "character between the cells")
    quoted: bool = option(True, "double quotes enclose cells with delimiters or line breaks; false = plain characters")
    header: bool = option(True, "the first line names the columns; false = they are called column 1, column 2, …")


@dataclass(frozen=True)
class XlsxOptions(TableOptions):
    """A sheet of a workbook."""

    sheet: str | None = option(None, "name of the sheet; none = the only sheet that has rows")


@dataclass(frozen=True)
class HubOptions(TableOptions):
    """A Hugging Face dataset; without `train`, `dev` and `test`, all splits are read under their own names."""

    train: tuple[str, ...] = option((), "splits of the dataset to read as train; none = by their names")
    dev: tuple[str, ...] = option((), "splits of the dataset to read as dev; none = by their names")
    test: tuple[str, ...] = option((), "splits of the dataset to read as test; none = by their names")
    subset: str | None = option(None, "configuration of the dataset; none = its default")
    revision: str | None = option(None, "branch, tag or commit on the hub; none = the default branch")


@dataclass(frozen=True)
class AssistantOptions:
    """An export of another assistant."""

    language: str | None = option(None, "ISO 639-1 code of the phrases to read; none = phrases of every language")


@hookimpl
def readers() -> Mapping[str, Reader]:
    """Register the readers of tables."""
    return {
        "csv": Reader(
            run="workbench_files.delimited:read_csv",
            recognize="workbench_files.recognition.formats:recognize_csv",
            options=CsvOptions,
            summary="a CSV file, optionally gzipped",
        ),
        "tsv": Reader(
            run="workbench_files.delimited:read_tsv",
            recognize="workbench_files.recognition.formats:recognize_tsv",
            options=TsvOptions,
            summary="a file of tab-separated values, optionally gzipped",
        ),
        "jsonl": Reader(
            run="workbench_files.jsonl:read_jsonl",
            recognize="workbench_files.recognition.formats:recognize_jsonl",
            options=TableOptions,
            summary="a file with one JSON object per line, optionally gzipped",
        ),
        "json": Reader(
            run="workbench_files.json_list:read_json_list",
            recognize="workbench_files.recognition.formats:recognize_json",
            options=TableOptions,
            summary="a file with one JSON list of objects, optionally gzipped",
        ),
        "xlsx": Reader(
            run="workbench_files.xlsx:read_xlsx",
            recognize="workbench_files.recognition.formats:recognize_xlsx",
            options=XlsxOptions,
            extra="data",
            libraries=("openpyxl",),
            summary="an Excel workbook whose first row names the columns",
        ),
        "parquet": Reader(
            run="workbench_files.parquet:read_parquet",
            recognize="workbench_files.recognition.formats:recognize_parquet",
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
            summary="NLU data of Rasa 2 or 3: a YAML file or a folder, such as data",
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
    """Add the verb `workbench data export`."""
    from workbench_files.verbs import add_verbs

    add_verbs(cli)
