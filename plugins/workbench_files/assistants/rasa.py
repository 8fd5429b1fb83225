"""Reader `rasa`: NLU training data of Rasa 2 and 3 (YAML), a file or a folder such as `data/`.

Format: https://legacy-docs-oss.rasa.com/docs/rasa/training-data-format/
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from workbench.api import Recognition, WorkbenchError
from workbench_files.assistants.archive import any_file, export_files
from workbench_files.assistants.phrases import Export, Phrase, phrases_to_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workbench.api import Context, Dataset
    from workbench_files import AssistantOptions

# [Berlin](city), [Berlin]{"entity": "city"} and [Berlin][{"entity": "city"}, {"entity": "place"}]
ENTITY = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\}|\[\{.*?\}\])")
NLU = re.compile(r"^nlu\s*:", re.MULTILINE)
OTHER_KINDS = {"synonym": "synonyms", "regex": "regular expressions", "lookup": "lookup tables"}
CONVERT = "Convert the data first: rasa data convert nlu -f yaml --data OLD --out NEW"


def read_rasa(source: str, out: Path, options: AssistantOptions, context: Context) -> Dataset:
    """Read the examples of every intent, and remove the entity marks from the texts.

    Raises:
        WorkbenchError: a file is not YAML, an entry has another structure, or there is no example.
    """
    path = Path(source)
    unused: Counter[str] = Counter()
    phrases: list[Phrase] = []
    for name, text in export_files(path, (".yml", ".yaml")):
        content = _parse(text, f"{path}: {name}")
        entries = content.get("nlu") if isinstance(content, dict) else None
        if isinstance(entries, list):
            for number, entry in enumerate(entries, start=1):
                phrases.extend(_phrases(entry, f"{name}: nlu entry {number}", path, unused))
        elif not path.is_dir():
            raise WorkbenchError("is not Rasa NLU data: it has no list `nlu`", where=path, remedy=CONVERT)
    return phrases_to_dataset(Export(phrases, unused), source, options, "rasa")


def recognize_rasa(path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
    """Recognize a YAML file, or a folder with one, that has a list `nlu`."""
    if not path.is_dir() and path.suffix not in (".yml", ".yaml"):
        return None
    found = any_file(path, (".yml", ".yaml"), lambda _, text: NLU.search(text) is not None)
    return Recognition({}, specific=True) if found else None


def _parse(text: str, where: str) -> Any:
    """Parse YAML with every scalar as a string, because an intent may be called `yes`."""
    try:
        return yaml.BaseLoader(text).get_single_data()
    except (yaml.YAMLError, RecursionError) as error:
        raise WorkbenchError(
            f"is not valid YAML ({' '.join(str(error).split())})", where=where, remedy=CONVERT
        ) from None


def _phrases(entry: Any, place: str, path: Path, unused: Counter[str]) -> Iterator[Phrase]:
    """Yield the phrases of one entry of `nlu`."""
    kind = next((kind for kind in ("intent", *OTHER_KINDS) if isinstance(entry, dict) and kind in entry), None)
    if kind is None:
        raise WorkbenchError(
            "has no key intent, synonym, regex or lookup", where=f"{path}: {place}", remedy="Add the key intent"
        )
    if kind != "intent":
        unused[OTHER_KINDS[kind]] += 1
        return
    for number, example in enumerate(_examples(entry.get("examples"), f"{path}: {place}"), start=1):
        text, marks = ENTITY.subn(r"\1", example)
        if marks:
            unused["entity marks"] += marks
        yield Phrase(f"{place}, example {number}", text, entry["intent"])


def _examples(examples: Any, where: str) -> Iterator[str]:
    """Yield the examples of an intent: lines of a text that begin with `-`, or objects of a list."""
    if isinstance(examples, list):
        for example in examples:
            if not isinstance(example, dict) or not isinstance(example.get("text"), str):
                raise WorkbenchError("an example has no text", where=where, remedy="Add the key text to each example")
            yield example["text"].strip()
    elif isinstance(examples, str):
        for line in filter(None, map(str.strip, examples.splitlines())):
            if not line.startswith("-"):
                raise WorkbenchError(
                    f"the example {line!r:.60} does not begin with a dash",
                    where=where,
                    remedy="Write one example per line, after a dash",
                )
            yield line[1:].strip()
    elif examples is not None:
        raise WorkbenchError(
            "the examples are neither a text nor a list", where=where, remedy="Write one example per line, after a dash"
        )
