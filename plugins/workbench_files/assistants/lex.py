"""Reader `lex`: an export of an Amazon Lex V2 bot, as a zip archive or its unpacked folder.

Format: https://docs.aws.amazon.com/lexv2/latest/dg/import-export-format.html
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import Recognition, WorkbenchError
from workbench_files.assistants.archive import any_file, export_files, parse_json
from workbench_files.assistants.phrases import Export, Phrase, iso_language, phrases_to_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workbench.api import Context, Dataset
    from workbench_files import AssistantOptions

INTENT = re.compile(r"^(?:.*/)?BotLocales/(?P<locale>[^/]+)/Intents/(?P<name>[^/]+)/Intent\.json$")
SLOT = re.compile(r"\{(\w+)\}")
WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")

AGAIN = "Export the bot again"


def read_lex(source: str, out: Path, options: AssistantOptions, context: Context) -> Dataset:
    """Read the sample utterances of every intent and locale.

    A slot in an utterance becomes the words of its name: `fly to {ToCity}` is read as `fly to to city`.

    Raises:
        WorkbenchError: the source has no intents of Lex V2, or an intent has another structure.
    """
    path = Path(source)
    unused: Counter[str] = Counter()
    phrases: list[Phrase] = []
    found = False
    for name, text in export_files(path, (".json",)):
        if match := INTENT.match(f"/{name}"):
            found = True
            intent = parse_json(text, f"{path}: {name}")
            language = iso_language(match["locale"])
            for place, phrase in _texts(intent, name, path, unused):
                phrases.append(Phrase(place, phrase, str(intent.get("name") or match["name"]), language))
        elif name.endswith("/SlotType.json"):
            unused["slot types"] += 1
    if not found:
        raise WorkbenchError(
            "is not a bot of Lex V2: it has no file BotLocales/LOCALE/Intents/NAME/Intent.json",
            where=path,
            remedy="Export the bot from Lex V2; use the zip archive, or its unpacked folder, as the source",
        )
    return phrases_to_dataset(Export(phrases, unused), source, options, "lex")


def recognize_lex(path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
    """Recognize a bot by its files of intents."""
    found = any_file(path, (".json",), lambda name, _: INTENT.match(f"/{name}") is not None)
    return Recognition({}, specific=True) if found else None


def _texts(intent: Any, name: str, path: Path, unused: Counter[str]) -> Iterator[tuple[str, str]]:
    """Yield the place and text of each sample utterance of an intent."""
    samples = (intent.get("sampleUtterances") or []) if isinstance(intent, dict) else None
    if not isinstance(samples, list):
        raise WorkbenchError("has no list `sampleUtterances`", where=f"{path}: {name}", remedy=AGAIN)
    for number, sample in enumerate(samples, start=1):
        text = sample.get("utterance") if isinstance(sample, dict) else None
        if not isinstance(text, str):
            raise WorkbenchError("has no text", where=f"{path}: {name}: sample utterance {number}", remedy=AGAIN)
        spoken, slots = SLOT.subn(lambda slot: WORDS.sub(" ", slot[1]).strip().lower(), text)
        if slots:
            unused["slots (replaced by the words of their names)"] += slots
        yield f"{name}: sample utterance {number}", spoken
