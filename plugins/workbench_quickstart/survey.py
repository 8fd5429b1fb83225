"""Count the rows, intents, splits and languages of a dataset before training."""

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

FEW = 10  # labelled rows; an intent with fewer is rare
NAMED = 5  # intents to name in a line


@dataclass(frozen=True)
class Survey:
    """Counts of a dataset.

    Args:
        rows: number of rows with a text.
        unlabelled: number of rows without an intent.
        per_intent: intent -> number of labelled rows, the most frequent intent first.
        splits: split -> number of rows whose source states the split.
        languages: ISO 639-1 code -> share of the texts, the largest first.
        tokens: mean number of tokens per text, estimated.
        long_tokens: 99th percentile of the tokens per text, estimated.
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
        """Return the median of labelled rows per intent."""
        return statistics.median(self.per_intent.values()) if self.per_intent else 0

    @property
    def rare(self) -> list[Intent]:
        """Return the intents with fewer than `FEW` rows, the rarest first."""
        return [intent for intent, count in reversed(list(self.per_intent.items())) if count < FEW]

    def lines(self) -> list[str]:
        """Describe the survey, one finding per line."""
        labelled = self.rows - self.unlabelled
        lines = [f"{self.rows:,} rows: {labelled:,} with an intent, {self.unlabelled:,} without"]
        if self.per_intent:
            counts = list(self.per_intent.values())
            lines.append(
                f"{len(counts)} intents, {counts[-1]:,} to {counts[0]:,} rows each (median {self.median:,.0f})"
            )
        if self.rare:
            named = ", ".join(f"{intent} ({self.per_intent[intent]})" for intent in self.rare[:NAMED])
            more = ", …" if len(self.rare) > NAMED else ""
            lines.append(f"{len(self.rare)} intents have fewer than {FEW} rows: {named}{more}")
        stated = ", ".join(f"{self.splits[name]:,} {name}" for name in SPLITS if name in self.splits)
        lines.append(f"splits in the source: {stated or 'none'}")
        shares = ", ".join(f"{code} {share:.0%}" for code, share in self.languages.items())
        lines.append(f"languages: {shares or 'unknown'}")
        return lines


def survey(dataset: Dataset) -> Survey:
    """Count the rows, intents, splits and languages of a dataset."""
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
    """Estimate the tokens of a text: one per Chinese character, or one per four other characters."""
    return 2 + (len(text) if is_chinese(text) else len(text) / 4)
