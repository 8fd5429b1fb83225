"""Convert the training phrases of an assistant to a dataset."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.api import WorkbenchError
from workbench.api.io import digest_path
from workbench.api.text import well_formed
from workbench_files import TableOptions
from workbench_files.columns import Columns
from workbench_files.rows import Row, rows_to_dataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.api import Dataset
    from workbench_files import AssistantOptions

logger = logging.getLogger(__name__)
COLUMNS = Columns("text", "intent", split="split", language="language")


@dataclass(frozen=True)
class Phrase:
    """One training phrase.

    Args:
        place: file and entry of the phrase, for messages.
        text: the phrase, without entity marks.
        intent: name of the intent.
        language: ISO 639-1 code; None = the export states no language.
        split: name of the split; None = the export states no split.
    """

    place: str
    text: str
    intent: str
    language: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Export:
    """The phrases of an export, and counts of the content that an intent model does not use.

    Args:
        phrases: the phrases, in the order of the export.
        unused: kind of unused content -> count, such as `{"entity marks": 12}`.
    """

    phrases: Sequence[Phrase]
    unused: Counter[str]


def phrases_to_dataset(export: Export, source: str, options: AssistantOptions, reader: str) -> Dataset:
    """Convert the phrases to a dataset, and log the unused content of the export.

    Args:
        export: phrases and counts.
        source: path of the export.
        options: options of the reader; `language` selects the phrases.
        reader: name of the reader, for the provenance.

    Raises:
        WorkbenchError: the export has no phrase, or no phrase in the language.
    """
    path = Path(source)
    name = well_formed(path.name)
    languages = sorted({phrase.language for phrase in export.phrases if phrase.language})
    chosen = [
        phrase
        for phrase in export.phrases
        if options.language is None or phrase.language is None or phrase.language == options.language
    ]
    if export.phrases and not chosen:
        raise WorkbenchError(
            f"has no phrase in the language {options.language!r}",
            where=path,
            remedy=f"Set language to one of {', '.join(languages)}",
        )
    if not chosen:
        raise WorkbenchError("has no training phrase", where=path, remedy="Export the assistant with its phrases")
    if export.unused:
        left = ", ".join(f"{count:,} {what}" for what, count in sorted(export.unused.items()))
        logger.warning("%s: not used for intents: %s", name, left)
    rows = (
        Row(p.place, {"text": p.text, "intent": p.intent, "language": p.language, "split": p.split}) for p in chosen
    )
    provenance = {
        "reader": reader,
        "file": name,
        "sha256": digest_path(path),
        "unused": dict(sorted(export.unused.items())),
    }
    return rows_to_dataset(rows, COLUMNS, TableOptions(), name, path, provenance)


def iso_language(code: object) -> str | None:
    """Return the ISO 639-1 code of a locale such as `en-US`, `zh_CN` or `zh-hans`; None for an empty locale."""
    return str(code).replace("_", "-").split("-")[0].lower() or None if code else None
