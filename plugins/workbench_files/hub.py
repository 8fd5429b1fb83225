"""Reader `hf`: datasets of the Hugging Face library `datasets`, from a folder or from the hub.

The folder was written by `save_to_disk`, or contains data files that `load_dataset` reads.
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
from workbench_files.classes import class_names, replace_class_numbers
from workbench_files.columns import Columns, choose_columns
from workbench_files.rows import Row, rows_to_dataset

if TYPE_CHECKING:
    from workbench.api import Context, Dataset
    from workbench_files import HubOptions

Loaded = Mapping[str, datasets.Dataset]
logger = logging.getLogger(__name__)
SAVED = ("dataset_dict.json", "state.json")
CHECK_NAME = "Check the name and the connection; offline, set source to a folder of save_to_disk or of data files"


def read_hf(source: str, out: Path, options: HubOptions, context: Context) -> Dataset:
    """Read the rows of a Hugging Face dataset.

    The splits of the dataset are kept, `validation` as dev. The split of a dataset with a single split is ignored
    unless an option names it.

    Raises:
        WorkbenchError: the dataset cannot be loaded, or has no such split or column.
    """
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    loaded = _load(source, options, context)
    splits = _choose_splits(loaded, options, source)
    columns = choose_columns(loaded[next(iter(splits))].column_names, options, source)
    name = well_formed(Path(source).name if Path(source).exists() else source)
    provenance = {"reader": "hf", "source": name, "subset": options.subset, "revision": options.revision}
    return rows_to_dataset(_rows(loaded, splits, columns, source), columns, options, name, source, provenance)


def _load(source: str, options: HubOptions, context: Context) -> Loaded:
    folder = Path(source)
    if folder.is_file():
        raise UsageProblem(
            "is a file, not a dataset folder", where=source, remedy="Set reader to csv, tsv, jsonl or parquet"
        )
    try:
        if any((folder / name).is_file() for name in SAVED):
            found = datasets.load_from_disk(source)
        elif folder.is_dir():
            found = _from_files(folder, options, context)
        else:
            found = datasets.load_dataset(source, options.subset, revision=options.revision)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        cause = error.__cause__ or error  # the library wraps its parser's error in a general error
        raise WorkbenchError(
            f"cannot be loaded ({_first_line(cause)})",
            where=source,
            remedy=CHECK_NAME if not folder.exists() else "Check the files in this folder",
        ) from error
    return found if isinstance(found, datasets.DatasetDict) else {"train": found}


def _from_files(folder: Path, options: HubOptions, context: Context) -> datasets.DatasetDict:
    builder = datasets.load_dataset_builder(str(folder), options.subset, cache_dir=str(context.work / "datasets"))
    used = {Path(file) for files in (builder.config.data_files or {}).values() for file in files}
    suffixes = {file.suffix for file in used}
    if unused := sorted(file.name for file in folder.iterdir() if file.suffix in suffixes and file not in used):
        logger.warning(
            "%s: these files are not read, because their names are not splits such as validation.csv: %s",
            folder,
            ", ".join(unused),
        )
    builder.download_and_prepare()
    return builder.as_dataset()


def _choose_splits(loaded: Loaded, options: HubOptions, source: str) -> dict[str, str | None]:
    """Map each split of the Hugging Face dataset to read to one of `SPLITS`, or to None for a single split."""
    chosen: dict[str, str | None] = {name: split for split in SPLITS for name in getattr(options, split)}
    for name in chosen:
        if name not in loaded:
            raise unknown("split", name, loaded, where=source)
    if chosen or len(loaded) == 1:
        return chosen or dict.fromkeys(loaded)
    for name in loaded:
        if name.casefold() not in SPLIT_NAMES:
            raise UsageProblem(
                f"has the splits {', '.join(loaded)}, and {name!r} is none of {', '.join(SPLITS)}",
                where=source,
                remedy='Choose the splits to read: train = ["…"], dev = ["…"], test = ["…"]',
            )
    return {name: SPLIT_NAMES[name.casefold()] for name in loaded}


def _rows(loaded: Loaded, splits: Mapping[str, str | None], columns: Columns, source: str) -> Iterator[Row]:
    for name, split in splits.items():
        table = loaded[name]
        for column in columns.used():
            if column not in table.column_names:
                raise unknown("column", column, table.column_names, where=f"{source}: split {name}")
        classes = class_names(table.features)
        for number, cells in enumerate(table.select_columns(columns.used()), start=1):
            yield Row(f"{name} row {number}", replace_class_numbers(cells, classes), split)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
