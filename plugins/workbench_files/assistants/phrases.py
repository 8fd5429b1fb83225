"""Training phrases of an assistant -> a dataset."""

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
        place: file and entry that hold the phrase, for messages.
        text: the phrase, without marks of entities.
        intent: name of its intent.
        language: ISO 639-1 code where the export states it.
        split: name of its split where the export states it.
    """

    place: str
    text: str
    intent: str
    language: str | None = None
    split: str | None = None


@dataclass(frozen=True)
class Export:
    """The phrases of an export, and how often it holds what an intent model does not use.

    Args:
        phrases: in the order of the export.
        unused: what was left -> how often, such as `{"entity marks": 12}`.
    """

    phrases: Sequence[Phrase]
    unused: Counter[str]


def phrases_to_dataset(export: Export, source: str, options: AssistantOptions, reader: str) -> Dataset:
    """Make a dataset of the phrases, and log what of the export is not used.

    Args:
        export: what the reader found.
        source: path of the export.
        options: of the reader; its `language` selects the phrases.
        reader: name of the reader, for the provenance.

    Raises:
        WorkbenchError: the export holds no phrase, or none in the language.
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
            f"holds no phrase in the language {options.language!r}; languages: {', '.join(languages)}", where=path
        )
    if not chosen:
        raise WorkbenchError("holds no training phrase", where=path, remedy="Export the assistant with its phrases")
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
    """The ISO 639-1 code of a locale such as `en-US`, `zh_CN` or `zh-hans`; None where there is none."""
    return str(code).replace("_", "-").split("-")[0].lower() or None if code else None
