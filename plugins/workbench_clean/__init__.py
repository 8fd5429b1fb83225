"""Cleaners: repair of texts, exact duplicates, and texts that stand there with different intents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workbench.api import Cleaner, Normalization, hookimpl, option


@dataclass(frozen=True)
class RepairOptions:
    """What becomes of held-out rows that hold nothing once repaired; such rows of train always leave."""

    blank: Literal["refuse", "keep", "drop"] = option("refuse", "rows outside train whose repaired text is blank")


@dataclass(frozen=True)
class ConflictOptions:
    """What becomes of the rows of train whose text also stands there with other intents."""

    policy: Literal["drop", "keep", "refuse"] = option("drop", "rows of train whose text has different intents")


@hookimpl
def normalizations() -> Mapping[str, Normalization]:
    """`repair-1`."""
    return {
        "repair-1": Normalization(
            run="workbench_clean.text_repair:repair_1",
            libraries=("ftfy",),
            summary="mend mojibake, HTML, full-width and invisible characters and white space",
        )
    }


@hookimpl
def cleaners() -> Mapping[str, Cleaner]:
    """`repair`, `exact-duplicates` and `conflicts`; the first makes more texts equal for the other two."""
    return {
        "repair": Cleaner(
            run="workbench_clean.repair:repair",
            options=RepairOptions,
            calls=("normalizations",),
            summary="mend mojibake, HTML, full-width and invisible characters and white space in every split",
        ),
        "exact-duplicates": Cleaner(
            run="workbench_clean.duplicates:drop_duplicates",
            summary="keep one of the rows of train that say the same, and none that dev or test holds",
        ),
        "conflicts": Cleaner(
            run="workbench_clean.conflicts:settle_conflicts",
            options=ConflictOptions,
            summary="report the texts that have different intents, and take them out of train",
        ),
    }
