"""Read a source with the reader that recognizes it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import Context, Recognition, UsageProblem, WorkbenchError, parse_options
from workbench.api.engine import RecipeOptions

if TYPE_CHECKING:
    from workbench.api import Dataset, Host, Reader


@dataclass(frozen=True)
class Inspection:
    """A source with its reader and its rows.

    Args:
        reader: name of the reader.
        options: options of the reader that differ from their defaults.
        dataset: the rows.
    """

    reader: str
    options: Mapping[str, Any]
    dataset: Dataset


def is_remote(reader: Reader, source: str) -> bool:
    """Return whether the reader gets the source from a server, such as a Label Studio project."""
    return reader.remote and (reader.named or not Path(source).exists())


def inspect_source(source: str, reader: str | None, user_options: Mapping[str, Any], host: Host) -> Inspection:
    """Read a source with the named reader, or with the reader that recognizes the source.

    Args:
        source: path of a file or folder, or a name for the reader.
        reader: name of a reader; None = the reader that recognizes the source.
        user_options: options of the reader that the user set, such as `text`.
        host: has the registry of readers.

    Raises:
        WorkbenchError: no reader recognizes the source, or the source cannot be read.
    """
    name, recognition = _recognize(Path(source), reader, user_options, host)
    component = host.registry("readers")[name]
    options = {**recognition.options, **user_options}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        context = Context(host, RecipeOptions.seed, place / "scratch")
        dataset = component(source, place, parse_options(component.options, options, f"reader {name}"), context)
    return Inspection(name, options, dataset)


def _recognize(path: Path, reader: str | None, user_options: Mapping[str, Any], host: Host) -> tuple[str, Recognition]:
    readers = host.registry("readers")
    if reader is not None and (readers[reader].recognize is None or not path.exists()):
        return reader, Recognition({})
    if not path.exists():
        raise WorkbenchError(
            "there is no such file", where=path, remedy="Check the path; for a name that is not a path, set --reader"
        )
    found: dict[str, Recognition] = {}
    failed: list[WorkbenchError] = []
    for name in readers if reader is None else [reader]:
        try:
            if recognition := readers[name].recognition(path, user_options):
                found[name] = recognition
        except WorkbenchError as error:
            failed.append(error)
    suitable = {name: recognition for name, recognition in found.items() if recognition.specific} or found
    if len(suitable) == 1:
        return next(iter(suitable.items()))
    if suitable:
        raise UsageProblem(
            f"several readers recognize the file: {', '.join(suitable)}", where=path, remedy="Choose one: --reader NAME"
        )
    if failed:
        raise failed[0]
    raise UsageProblem(
        "no reader recognizes the file", where=path, remedy=f"Choose a reader: --reader {'|'.join(sorted(readers))}"
    )
