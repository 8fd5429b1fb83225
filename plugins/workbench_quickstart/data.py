"""The embedded dataset: 14 intents of a shop's customer service with 48 utterances each, written for this project."""

from __future__ import annotations

import csv
from pathlib import Path

from workbench.api import Context, Dataset, NoOptions, Utterance, unknown
from workbench.api.io import digest_file

FOLDER = Path(__file__).parent / "utterances"
LANGUAGES = ("en", "zh")


def read(source: str, out: Path, options: NoOptions, context: Context) -> Dataset:
    """Read the dataset of a language, without splits.

    Raises:
        UsageProblem: there is no dataset in this language.
    """
    language = Path(source).name
    if language not in LANGUAGES:
        raise unknown("language", language, LANGUAGES, where="reader quickstart")
    path = FOLDER / f"{language}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            Utterance(f"{language}-{n:03}", row["text"], row["text"], (row["intent"],), language=language)
            for n, row in enumerate(csv.DictReader(file), 1)
        ]
    intents = tuple(dict.fromkeys(row.intent for row in rows if row.intent is not None))
    name = f"quickstart-{language}"
    return Dataset(
        "intent",
        intents,
        tuple(rows),
        {name: {"rows": len(rows), "kept": len(rows)}},
        ({"source": name, "sha256": digest_file(path)},),
    )
