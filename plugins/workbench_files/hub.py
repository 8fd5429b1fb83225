"""Reader `hf`: a dataset of the Hugging Face library `datasets`, from a folder or from the hub.

A folder is one that `save_to_disk` made, or one with data files that `load_dataset` reads.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import datasets

from workbench.api import SPLIT_NAMES, SPLITS, UsageProblem, WorkbenchError, unknown
from workbench.api.text import well_formed
from workbench_files.classes import class_names, named_cells
from workbench_files.columns import Columns, choose_columns
from workbench_files.rows import Row, rows_to_dataset

if TYPE_CHECKING:
    from workbench.api import Context, Dataset
    from workbench_files import HubOptions

Loaded = Mapping[str, datasets.Dataset]
logger = logging.getLogger(__name__)
SAVED = ("dataset_dict.json", "state.json")
OFFLINE = "Check the name and the connection; offline, give a folder that save_to_disk made, or one with the data files"


def read_hf(source: str, out: Path, options: HubOptions, context: Context) -> Dataset:
    """The rows of a Hugging Face dataset.

    Its splits are kept, `validation` as dev. One that has a single split has none to keep, unless an option says so.

    Raises:
        WorkbenchError: it cannot be loaded, or has no such split or column.
    """
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    loaded = _load(source, options, context)
    wanted = _wanted(loaded, options, source)
    columns = choose_columns(loaded[next(iter(wanted))].column_names, options, source)
    name = well_formed(Path(source).name if Path(source).exists() else source)
    provenance = {"reader": "hf", "source": name, "subset": options.subset, "revision": options.revision}
    return rows_to_dataset(_rows(loaded, wanted, columns, source), columns, options, name, source, provenance)


def _load(source: str, options: HubOptions, context: Context) -> Loaded:
    folder = Path(source)
    if folder.is_file():
        raise UsageProblem(
            "is a file, not a dataset folder", where=source, remedy="Use the reader csv, tsv, jsonl or parquet"
        )
    try:
        if any((folder / name).is_file() for name in SAVED):
            found = datasets.load_from_disk(source)
        elif folder.is_dir():
            found = _from_files(folder, options, context)
        else:
            found = datasets.load_dataset(source, options.subset, revision=options.revision)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        cause = error.__cause__ or error  # the library wraps what its parsers say in a line without news
        raise WorkbenchError(
            f"cannot be loaded ({_first_line(cause)})",
            where=source,
            remedy=OFFLINE if not folder.exists() else "Check the files in it",
        ) from error
    return found if isinstance(found, datasets.DatasetDict) else {"train": found}


def _from_files(folder: Path, options: HubOptions, context: Context) -> datasets.DatasetDict:
    builder = datasets.load_dataset_builder(str(folder), options.subset, cache_dir=str(context.work / "datasets"))
    used = {Path(file) for files in (builder.config.data_files or {}).values() for file in files}
    endings = {file.suffix for file in used}
    if unused := sorted(file.name for file in folder.iterdir() if file.suffix in endings and file not in used):
        logger.warning(
            "%s: not read, as their names tell no split: %s (validation.csv would tell one)", folder, ", ".join(unused)
        )
    builder.download_and_prepare()
    return builder.as_dataset()


def _wanted(loaded: Loaded, options: HubOptions, source: str) -> dict[str, str | None]:
    """Which of its splits are read, and which of ours each becomes."""
    chosen: dict[str, str | None] = {theirs: ours for ours in SPLITS for theirs in getattr(options, ours)}
    for theirs in chosen:
        if theirs not in loaded:
            raise unknown("split", theirs, loaded, where=source)
    if chosen or len(loaded) == 1:
        return chosen or dict.fromkeys(loaded)
    for theirs in loaded:
        if theirs.casefold() not in SPLIT_NAMES:
            raise UsageProblem(
                f"has the splits {', '.join(loaded)}, and {theirs!r} is none of {', '.join(SPLITS)}",
                where=source,
                remedy='Say which to read: train = ["…"], dev = ["…"], test = ["…"]',
            )
    return {theirs: SPLIT_NAMES[theirs.casefold()] for theirs in loaded}


def _rows(loaded: Loaded, wanted: Mapping[str, str | None], columns: Columns, source: str) -> Iterator[Row]:
    for theirs, ours in wanted.items():
        table = loaded[theirs]
        for column in columns.used():
            if column not in table.column_names:
                raise unknown("column", column, table.column_names, where=f"{source}: split {theirs}")
        classes = class_names(table.features)
        for number, cells in enumerate(table.select_columns(columns.used()), start=1):
            yield Row(f"{theirs} row {number}", named_cells(cells, classes), ours)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
