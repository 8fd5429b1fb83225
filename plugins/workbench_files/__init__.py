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


@dataclass(frozen=True)
class CsvOptions(TableOptions):
    """A file of values separated by a delimiter."""

    delimiter: str = option(",", "character between the cells")
    quoted: bool = option(True, "double quotes enclose cells with delimiters or line breaks; false = plain characters")


@dataclass(frozen=True)
class HubOptions(TableOptions):
    """A Hugging Face dataset; without `train`, `dev` and `test`, all splits are read under their own names."""

    train: tuple[str, ...] = option((), "splits of the dataset to read as train; none = by their names")
    dev: tuple[str, ...] = option((), "splits of the dataset to read as dev; none = by their names")
    test: tuple[str, ...] = option((), "splits of the dataset to read as test; none = by their names")
    subset: str | None = option(None, "configuration of the dataset; none = its default")
    revision: str | None = option(None, "branch, tag or commit on the hub; none = the default branch")


@hookimpl
def readers() -> Mapping[str, Reader]:
    """Register the readers of tables."""
    return {
        "csv": Reader(
            run="workbench_files.delimited:read_csv",
            options=CsvOptions,
            summary="a CSV file in UTF-8 with a header line, optionally gzipped",
        ),
        "tsv": Reader(
            run="workbench_files.delimited:read_tsv",
            options=TsvOptions,
            summary="a file of tab-separated values in UTF-8 with a header line, optionally gzipped",
        ),
        "jsonl": Reader(
            run="workbench_files.jsonl:read_jsonl",
            options=TableOptions,
            summary="a file with one JSON object per line, optionally gzipped",
        ),
        "parquet": Reader(
            run="workbench_files.parquet:read_parquet",
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
    }


@hookimpl
def register_commands(cli: click.Group, host: Host) -> None:
    """Add the verb `workbench data export`."""
    from workbench_files.verbs import add_verbs

    add_verbs(cli)
