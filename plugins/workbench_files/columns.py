"""Choose the columns of a table by options or by well-known names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api import UsageProblem, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workbench_files import TableOptions

EXPORTED = ("id", "text", "intent", "split", "group", "language", "raw")  # columns of `workbench data export`
TEXT = ("text", "utterance", "sentence", "query", "文本")
LABEL = ("intent", "label", "category", "意图", "标签", "类别")
SPLIT = ("split",)


@dataclass(frozen=True)
class Columns:
    """The names of columns by content; None = the table has no such column.

    Args:
        split_by_name: whether `split` was chosen only by its name, so that its values need a check.
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
        """Return the distinct names of all columns to read."""
        names = (self.text, self.label, self.id, self.split, self.group, self.language, self.raw)
        return list(dict.fromkeys(name for name in names if name))


def choose_columns(names: Sequence[str], options: TableOptions, source: object) -> Columns:
    """Choose columns by the options, or by well-known names.

    For a table with all columns of `workbench data export`, the reader restores ids, splits, groups, languages and raw
    texts. A table with only a text, an id, a split and a group is unlabelled. A column named `split` needs no option;
    `split_key = ""` ignores the column.

    Raises:
        UsageProblem: an option names no column, or no column is known to hold the text or the intent.
    """
    exported = set(EXPORTED) <= set(names)

    def column_of(option: str, default: str | None) -> str | None:
        name: str | None = getattr(options, option)
        if name is not None and name not in names:
            raise unknown("column", name, names, where=f"{source}: option {option}")
        return name if name is not None else default if exported else None

    text = column_of("text", "text") or well_known(names, TEXT)
    if text is None:
        raise _unknown_column("text", "text", names, source)
    ids, groups = column_of("id_key", "id"), column_of("group_key", "group")
    splits = None if options.split_key == "" else column_of("split_key", "split")
    label = column_of("label", "intent") or well_known(names, LABEL)
    split_by_name = splits is None and options.split_key is None
    if split_by_name:
        splits = well_known([name for name in names if name not in (text, label, ids, groups)], SPLIT)
    if label is None and set(names) - {text, ids, splits, groups}:
        raise _unknown_column("intent", "label", names, source)
    language = "language" if exported and options.language is None else None
    raw = "raw" if exported else None
    return Columns(text, label, ids, splits, groups, language, raw, split_by_name and splits is not None)


def well_known(names: Iterable[str], known: Iterable[str]) -> str | None:
    """Return the first known name that is a column, as the column spells it; upper and lower case are equal."""
    folded = {name.casefold(): name for name in names}
    return next((folded[name] for name in known if name in folded), None)


def _unknown_column(content: str, option: str, names: Sequence[str], source: object) -> UsageProblem:
    return UsageProblem(
        f"no column is known to hold the {content}; columns: {', '.join(names)}",
        where=source,
        remedy=f'Set {option} = "COLUMN"',
    )
