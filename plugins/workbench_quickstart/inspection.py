"""Open a user's file with the reader that recognizes it."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import Context, Recognition, UsageProblem, WorkbenchError, parse_options, unknown
from workbench.api.engine import RecipeOptions

if TYPE_CHECKING:
    from workbench.api import Dataset, Host


@dataclass(frozen=True)
class Inspection:
    """A file as its reader read it.

    Args:
        reader: name of the reader.
        options: of the reader, as far as they differ from the defaults.
        dataset: the rows.
    """

    reader: str
    options: Mapping[str, Any]
    dataset: Dataset


def inspect_source(source: str, reader: str | None, given: Mapping[str, Any], host: Host) -> Inspection:
    """Read a source with the named reader, or with the one that recognizes it.

    Args:
        source: path of a file or folder, or a name that the reader knows.
        reader: name of a reader; None = the one that recognizes the source.
        given: options of the reader that the user set, such as `text`.
        host: knows the readers.

    Raises:
        WorkbenchError: no reader recognizes the source, or it cannot be read.
    """
    readers = host.registry("readers")
    if reader is not None and reader not in readers:
        raise unknown("reader", reader, readers)
    name, recognition = _recognize(Path(source), reader, given, host)
    component = readers[name]
    fields = {field.name for field in dataclasses.fields(component.options)}
    options = {**recognition.options, **{key: value for key, value in given.items() if key in fields}}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        context = Context(host, RecipeOptions.seed, place / "scratch")
        dataset = component(source, place, parse_options(component.options, options, f"reader {name}"), context)
    return Inspection(name, options, dataset)


def _recognize(path: Path, reader: str | None, given: Mapping[str, Any], host: Host) -> tuple[str, Recognition]:
    readers = host.registry("readers")
    if reader is not None and (not path.exists() or readers[reader].recognize is None):
        return reader, Recognition({})
    if not path.exists():
        raise WorkbenchError(
            "there is no such file", where=path, remedy="Check the path, or name a --reader for a name"
        )
    found: dict[str, Recognition] = {}
    failed: list[WorkbenchError] = []
    for name in readers if reader is None else [reader]:
        try:
            if recognition := readers[name].recognition(path, given):
                found[name] = recognition
        except WorkbenchError as error:
            failed.append(error)
    fitting = {name: each for name, each in found.items() if each.specific} or found
    if len(fitting) == 1:
        return next(iter(fitting.items()))
    if fitting:
        raise UsageProblem(
            f"several readers recognize the file: {', '.join(fitting)}", where=path, remedy="Name one: --reader NAME"
        )
    if failed:
        raise failed[0]
    raise UsageProblem(
        "no reader recognizes the file", where=path, remedy=f"Name a reader: --reader {'|'.join(sorted(readers))}"
    )
