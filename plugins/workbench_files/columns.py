"""Which column of a table holds what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api import UsageProblem, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workbench_files import TableOptions

EXPORTED = ("id", "text", "intent", "split", "group", "language", "raw")  # what `workbench data export` writes
TEXT = ("text", "utterance", "sentence", "query", "文本")
LABEL = ("intent", "label", "category", "意图", "标签", "类别")
SPLIT = ("split",)


@dataclass(frozen=True)
class Columns:
    """Names of columns; None = the table has none for it.

    Args:
        split_by_name: whether `split` was chosen for its name alone, so that its values must confirm the choice.
    """

    text: str
    label: str | None = None
    id: str | None = None
    split: str | None = None
    group: str | None = None
    language: str | None = None
    raw: str | None = None
    split_by_name: bool = False

    def used(self) -> list[str]:
        """The columns that are read, each once."""
        names = (self.text, self.label, self.id, self.split, self.group, self.language, self.raw)
        return list(dict.fromkeys(name for name in names if name))


def choose_columns(names: Sequence[str], options: TableOptions, source: object) -> Columns:
    """The columns that the options name, or that have a well-known name.

    A table with all columns of `workbench data export` is read as what it is: ids, splits, groups, languages and raw
    texts come back. A table without any column for the intent is unlabelled. A column named `split` is read without an
    option; `split_key = ""` leaves it out.

    Raises:
        UsageProblem: an option names no column, or the column of text or intent cannot be told.
    """
    exported = set(EXPORTED) <= set(names)

    def named(option: str, default: str | None) -> str | None:
        name: str | None = getattr(options, option)
        if name is not None and name not in names:
            raise unknown("column", name, names, where=f"{source}: option {option}")
        return name if name is not None else default if exported else None

    text = named("text", "text") or well_known(names, TEXT)
    if text is None:
        raise _untold("text", "text", names, source)
    ids, groups = named("id_key", "id"), named("group_key", "group")
    splits = None if options.split_key == "" else named("split_key", "split")
    label = named("label", "intent") or well_known(names, LABEL)
    split_by_name = splits is None and options.split_key is None
    if split_by_name:
        splits = well_known([name for name in names if name not in (text, label, ids, groups)], SPLIT)
    if label is None and set(names) - {text, ids, splits, groups}:
        raise _untold("intent", "label", names, source)
    language = "language" if exported and options.language is None else None
    raw = "raw" if exported else None
    return Columns(text, label, ids, splits, groups, language, raw, split_by_name and splits is not None)


def well_known(names: Iterable[str], known: Iterable[str]) -> str | None:
    """The first of the known names that is a name of a column, whatever its case; as the column writes it."""
    folded = {name.casefold(): name for name in names}
    return next((folded[name] for name in known if name in folded), None)


def _untold(what: str, option: str, names: Sequence[str], source: object) -> UsageProblem:
    return UsageProblem(
        f"no column is known to hold the {what}; columns: {', '.join(names)}",
        where=source,
        remedy=f'Name it: {option} = "…"',
    )
