"""Reader `dialogflow`: an agent that Dialogflow ES exported, as a zip archive or unpacked.

Format: https://cloud.google.com/dialogflow/es/docs/reference/rest/v2/projects.agent/export
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

USER_SAYS = re.compile(r"^(?P<intent>.*/)?intents/(?P<name>[^/]+)_usersays_(?P<language>[A-Za-z-]+)\.json$")
INTENT = re.compile(r"^(?:.*/)?intents/(?P<name>[^/]+)\.json$")

AGAIN = "Export the agent again"


def read_dialogflow(source: str, out: Path, options: AssistantOptions, context: Context) -> Dataset:
    """Read the training phrases of every intent and language. Phrases in template mode are only counted.

    Raises:
        WorkbenchError: the source has no folder `intents`, or one of its files has another structure.
    """
    path = Path(source)
    files = {f"/{name}": text for name, text in export_files(path, (".json",))}
    says = {name: match for name in files if (match := USER_SAYS.match(name))}
    names = {
        match["name"]: str(content["name"])
        for name in files
        if name not in says and (match := INTENT.match(name))
        if isinstance(content := parse_json(files[name], f"{path}: {name[1:]}"), dict) and content.get("name")
    }
    if not says:
        raise WorkbenchError(
            "is not an agent of Dialogflow ES: it has no file intents/NAME_usersays_LANGUAGE.json",
            where=path,
            remedy="Export the agent as a zip archive; use the archive, or the folder with agent.json, as the source",
        )
    unused: Counter[str] = Counter({"entity files": sum("/entities/" in name for name in files)})
    phrases: list[Phrase] = []
    for name, match in says.items():
        intent, language = names.get(match["name"], match["name"]), iso_language(match["language"])
        content = parse_json(files[name], f"{path}: {name[1:]}")
        for place, text in _texts(content, name[1:], path, unused):
            phrases.append(Phrase(place, text, intent, language))
    return phrases_to_dataset(Export(phrases, +unused), source, options, "dialogflow")


def recognize_dialogflow(path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
    """Recognize an agent by its files of training phrases."""
    found = any_file(path, (".json",), lambda name, _: USER_SAYS.match(f"/{name}") is not None)
    return Recognition({}, specific=True) if found else None


def _texts(content: Any, name: str, path: Path, unused: Counter[str]) -> Iterator[tuple[str, str]]:
    """Yield the place and text of each phrase of a file."""
    if not isinstance(content, list):
        raise WorkbenchError("is not a list of training phrases", where=f"{path}: {name}", remedy=AGAIN)
    for number, phrase in enumerate(content, start=1):
        parts = phrase.get("data") if isinstance(phrase, dict) else None
        if not isinstance(parts, list) or not all(
            isinstance(part, dict) and isinstance(part.get("text"), str) for part in parts
        ):
            raise WorkbenchError("has no list `data` of texts", where=f"{path}: {name}: phrase {number}", remedy=AGAIN)
        if phrase.get("isTemplate"):
            unused["phrases in template mode"] += 1
            continue
        unused["entity marks"] += sum(bool(part.get("meta")) for part in parts)
        yield f"{name}: phrase {number}", "".join(part["text"] for part in parts)
