"""Warn about intents that are valid names, but probably mistakes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from workbench.nouns.utterance import Intent, Utterance
from workbench.text.normalization import INVISIBLE, text_key

MISSING = {"nan", "null", "none", "n/a", "na", "#n/a", "-", "?", "undefined"}  # how tables write a missing value
NAMED = 5  # intents to name in a warning


def label_warnings(rows: Iterable[Utterance]) -> list[str]:
    """Return warnings about intents that look alike, look like a missing value, or are all numbers.

    Intents look alike if only case, width, Unicode composition, invisible characters or white space differ.
    """
    counts = Counter(row.intent for row in rows if row.intent is not None)
    warnings = [
        f"the intents {_listed(group, counts)} look alike. If they have one meaning, write one of the names in all rows"
        for group in _groups_that_look_alike(counts)
    ]
    missing = [intent for intent in counts if isinstance(intent, str) and intent.strip().casefold() in MISSING]
    if missing:
        warnings.append(f"{_listed(missing, counts)} looks like a missing value, but is read as an intent")
    if counts and all(_is_number(intent) for intent in counts):
        warnings.append(
            f"all {len(counts)} intents are numbers, such as {_listed(list(counts)[:2], counts)}: "
            "check the column of the intent"
        )
    return warnings


def _groups_that_look_alike(intents: Iterable[Intent]) -> list[list[Intent]]:
    groups: dict[str, list[Intent]] = defaultdict(list)
    for intent in intents:
        path = (intent,) if isinstance(intent, str) else intent
        groups["\0".join("".join(text_key(INVISIBLE.sub("", name)).split()) for name in path)].append(intent)
    return [group for group in groups.values() if len(group) > 1]


def _listed(intents: Sequence[Intent], counts: Mapping[Intent, int]) -> str:
    named = " and ".join(f"{intent!r} ({counts[intent]:,} rows)" for intent in intents[:NAMED])
    return named + (f" and {len(intents) - NAMED} more" if len(intents) > NAMED else "")


def _is_number(intent: Intent) -> bool:
    return isinstance(intent, str) and intent.strip().lstrip("-").replace(".", "", 1).isdigit()
