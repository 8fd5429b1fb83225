"""Recognize the format of a table and the options for its reader; each function returns None for another format."""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from workbench.api import Recognition, UsageProblem, WorkbenchError
from workbench.api.io import decode_source
from workbench_files.columns import LABEL, TEXT, well_known
from workbench_files.nested import flat
from workbench_files.recognition.guess import guess_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

DELIMITERS = (",", ";", "\t", "|")
TABLES = {".csv", ".tsv", ".tab", ".txt"}
SAMPLE = 2000  # rows to examine
LONGEST_SAMPLE = 2_000_000  # characters to examine
MAX_COLUMNS = 200


def recognize_csv(path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
    """Recognize a table whose delimiter is not a tab; see `_recognize_delimited`."""
    return _recognize_delimited(path, user_options, [each for each in DELIMITERS if each != "\t"])


def recognize_tsv(path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
    """Recognize a table of tab-separated values; see `_recognize_delimited`."""
    return _recognize_delimited(path, user_options, ["\t"])


def recognize_jsonl(path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
    """Recognize a file with one JSON object per line."""
    if not {".jsonl", ".ndjson"} & set(path.suffixes):
        return None
    lines = (line for line in decode_source(path).text.split("\n") if line.strip())
    return _recognize_objects((_parse(line, path) for line in itertools.islice(lines, SAMPLE)), user_options, path)


def recognize_json(path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
    """Recognize a JSON list of objects."""
    from workbench_files.json_list import list_items

    if ".json" not in path.suffixes:
        return None
    return _recognize_objects(
        itertools.islice(list_items(_parse(decode_source(path).text, path), path), SAMPLE), user_options, path
    )


def recognize_parquet(path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
    """Recognize a Parquet file."""
    if path.suffix != ".parquet":
        return None
    import pyarrow.parquet

    with path.open("rb") as opened, pyarrow.parquet.ParquetFile(opened) as file:
        rows = next(file.iter_batches(SAMPLE)).to_pylist()
        return Recognition(guess_columns(file.schema_arrow.names, rows, user_options, path))


def recognize_xlsx(path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
    """Recognize an Excel workbook. If several sheets have rows, the user must choose one."""
    if path.suffix != ".xlsx":
        return None
    from workbench_files.xlsx import sheet_rows

    _, names, rows = sheet_rows(path, user_options.get("sheet"))
    cells = [dict(zip(names, row, strict=False)) for _, row in rows[:SAMPLE]]
    return Recognition(guess_columns(names, cells, user_options, path))


def _recognize_delimited(path: Path, user_options: Mapping[str, Any], delimiters: Sequence[str]) -> Recognition | None:
    """Recognize a delimited table, if one of the delimiters fits its records best.

    Raises:
        UsageProblem: the column of text or intent is ambiguous.
        WorkbenchError: the file cannot be read as text, or has too many columns.
    """
    if not TABLES & {suffix.lower() for suffix in path.suffixes}:
        return None
    text = decode_source(path).text[:LONGEST_SAMPLE]
    delimiter = max(DELIMITERS, key=lambda each: _fit(_records(text, each)))
    if delimiter not in delimiters:
        return None
    header, *rows = _records(text, delimiter)
    names = [cell.strip() for cell in header]
    if len(names) > MAX_COLUMNS:
        raise WorkbenchError(
            f"has {len(names)} columns; {MAX_COLUMNS} is the limit",
            where=path,
            remedy="Keep the columns of text, intent, id, split and group",
        )
    options: dict[str, Any] = {} if delimiter in ",\t" else {"delimiter": delimiter}
    if not _is_header(names, rows):
        rows.insert(0, header)
        options["header"] = False
        names = [f"column {number}" for number in range(1, len(names) + 1)]
    cells = [dict(zip(names, row, strict=False)) for row in rows]
    return Recognition({**options, **guess_columns(names, cells, user_options, path)})


def _records(text: str, delimiter: str) -> list[list[str]]:
    """Return the first records of a table, without empty lines."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_SAMPLE))
    records = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    return list(itertools.islice(filter(None, records), SAMPLE))


def _fit(records: Sequence[Sequence[str]]) -> tuple[bool, float, int]:
    """Rate a delimiter by the most frequent width: whether above one cell, its share of the records, the width."""
    width, count = Counter(map(len, records)).most_common(1)[0]
    return width > 1, count / len(records), width


def _is_header(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first record names the columns: a well-known name, or no cell that its column repeats."""
    if well_known(names, (*TEXT, *LABEL)):
        return True
    columns = [[row[n].strip() for row in rows if n < len(row)] for n in range(len(names))]
    repeated = any(name in column for name, column in zip(names, columns, strict=True) if name)
    numbers = any(name.isdigit() for name in names)
    return not repeated and not numbers


def _recognize_objects(items: Iterable[Any], user_options: Mapping[str, Any], path: Path) -> Recognition:
    rows = [flat(item) for item in items if isinstance(item, dict)]
    return Recognition(guess_columns(list(dict.fromkeys(key for row in rows for key in row)), rows, user_options, path))


def _parse(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageProblem(
            f"is not valid JSON ({error})", where=path, remedy="Correct the file, or its suffix"
        ) from None
