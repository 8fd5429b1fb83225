"""Look at a dataset before it is trained on: rows, intents, splits, languages."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api import SPLITS
from workbench_quickstart.languages import is_chinese, languages

if TYPE_CHECKING:
    from workbench.api import Dataset, Intent

FEW = 10  # labelled rows of an intent
NAMED = 5  # intents that a line names


@dataclass(frozen=True)
class Survey:
    """What a dataset holds.

    Args:
        rows: number of rows with a text.
        unlabelled: rows of them without an intent.
        per_intent: intent -> labelled rows, the most frequent first.
        splits: split -> rows whose source states it.
        languages: ISO 639-1 code -> share of the texts, the largest first.
        tokens: estimated tokens of a text, the mean.
        long_tokens: estimated tokens of the longest one in a hundred.
    """

    rows: int
    unlabelled: int
    per_intent: Mapping[Intent, int]
    splits: Mapping[str, int]
    languages: Mapping[str, float]
    tokens: float
    long_tokens: float

    @property
    def median(self) -> float:
        """Labelled rows of the intent in the middle."""
        return statistics.median(self.per_intent.values()) if self.per_intent else 0

    @property
    def rare(self) -> list[Intent]:
        """The intents with fewer than `FEW` rows, the rarest first."""
        return [intent for intent, count in reversed(list(self.per_intent.items())) if count < FEW]

    def lines(self) -> list[str]:
        """The survey in words."""
        labelled = self.rows - self.unlabelled
        said = [f"{self.rows:,} rows: {labelled:,} with an intent, {self.unlabelled:,} without"]
        if self.per_intent:
            counts = list(self.per_intent.values())
            said.append(f"{len(counts)} intents, {counts[-1]:,} to {counts[0]:,} rows each (median {self.median:,.0f})")
        if self.rare:
            named = ", ".join(f"{intent} ({self.per_intent[intent]})" for intent in self.rare[:NAMED])
            more = ", …" if len(self.rare) > NAMED else ""
            said.append(f"{len(self.rare)} intents have fewer than {FEW} rows: {named}{more}")
        stated = ", ".join(f"{self.splits[name]:,} {name}" for name in SPLITS if name in self.splits)
        said.append(f"splits in the source: {stated or 'none'}")
        shares = ", ".join(f"{code} {share:.0%}" for code, share in self.languages.items())
        said.append(f"languages: {shares or 'unknown'}")
        return said


def survey(dataset: Dataset) -> Survey:
    """Count what a dataset holds."""
    counts = Counter(row.intent for row in dataset if row.intent is not None)
    tokens = sorted(map(estimated_tokens, (row.text for row in dataset)))
    return Survey(
        rows=len(dataset),
        unlabelled=sum(not row.intents for row in dataset),
        per_intent=dict(counts.most_common()),
        splits=Counter(row.split for row in dataset if row.split),
        languages=languages(dataset),
        tokens=statistics.fmean(tokens) if tokens else 0,
        long_tokens=tokens[len(tokens) * 99 // 100] if tokens else 0,
    )


def estimated_tokens(text: str) -> float:
    """About how many tokens a text has: a Chinese character is about one, an English token has about 4 letters."""
    return 2 + (len(text) if is_chinese(text) else len(text) / 4)
