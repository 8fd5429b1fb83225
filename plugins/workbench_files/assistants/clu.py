"""Reader `clu`: a project of Azure's Conversational Language Understanding (CLU) or of LUIS, its predecessor, as JSON.

Formats: https://learn.microsoft.com/azure/ai-services/language-service/conversational-language-understanding/concepts/data-formats
and https://learn.microsoft.com/azure/ai-services/luis/app-schema-definition
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import Recognition, WorkbenchError
from workbench.api.io import decode_source, read_source
from workbench_files.assistants.archive import parse_json
from workbench_files.assistants.phrases import Export, Phrase, iso_language, phrases_to_dataset

if TYPE_CHECKING:
    from workbench.api import Context, Dataset
    from workbench_files import AssistantOptions

LISTS = {  # keys of lists that an intent model does not use -> their content
    "entities": "entities",
    "closedLists": "entities",
    "prebuiltEntities": "entities",
    "patternAnyEntities": "entities",
    "regex_entities": "entities",
    "patterns": "patterns",
    "phraselists": "phrase lists",
}


def read_clu(source: str, out: Path, options: AssistantOptions, context: Context) -> Dataset:
    """Read the labelled utterances with the splits of CLU (Train, Test).

    Raises:
        WorkbenchError: the file is neither a CLU project nor a LUIS project, or an utterance has no text or intent.
    """
    path = Path(source)
    project = parse_json(read_source(path), str(path))
    project = project if isinstance(project, Mapping) else {}
    assets = project.get("assets", project)
    utterances = assets.get("utterances") if isinstance(assets, Mapping) else None
    if not isinstance(utterances, list):
        raise WorkbenchError(
            "is neither a CLU project nor a LUIS project: it has no list `utterances`",
            where=path,
            remedy="Export the project as JSON",
        )
    language = iso_language(project.get("culture") or (project.get("metadata") or {}).get("language"))
    unused: Counter[str] = Counter()
    for key, what in LISTS.items():
        unused[what] += len(assets.get(key) or ())
    phrases = [
        _phrase(utterance, f"utterance {number}", path, language)
        for number, utterance in enumerate(utterances, start=1)
    ]
    unused["entity marks"] = sum(len(utterance.get("entities") or ()) for utterance in utterances)
    return phrases_to_dataset(Export(phrases, +unused), source, options, "clu")


def recognize_clu(path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
    """Recognize a project by its version or schema version."""
    if path.suffix != ".json":
        return None
    project = parse_json(decode_source(path).text, str(path))
    known = isinstance(project, dict) and {"projectFileVersion", "luis_schema_version"} & project.keys()
    return Recognition({}, specific=True) if known else None


def _phrase(utterance: Any, place: str, path: Path, language: str | None) -> Phrase:
    if not isinstance(utterance, Mapping) or not all(isinstance(utterance.get(k), str) for k in ("text", "intent")):
        raise WorkbenchError(
            "has no text or no intent", where=f"{path}: {place}", remedy="Label the utterance, or remove it"
        )
    return Phrase(
        place,
        utterance["text"],
        utterance["intent"],
        iso_language(utterance.get("language")) or language,
        utterance.get("dataset") or None,
    )
