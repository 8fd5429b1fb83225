"""Cleaners: repair texts, and remove exact duplicates and texts with conflicting intents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from workbench.api import Cleaner, Normalization, hookimpl, option


@dataclass(frozen=True)
class RepairOptions:
    """The handling of rows outside train that are blank after the repair; blank rows of train are always removed."""

    blank: Literal["refuse", "keep", "drop"] = option(
        "refuse", "handling of rows outside train that are blank after the repair; refuse = stop with an error"
    )


@dataclass(frozen=True)
class ConflictOptions:
    """The handling of rows of train whose text has different intents."""

    policy: Literal["drop", "keep", "refuse"] = option(
        "drop", "handling of rows of train whose text has different intents; refuse = stop with an error"
    )


@hookimpl
def normalizations() -> Mapping[str, Normalization]:
    """Register `repair-1`."""
    return {
        "repair-1": Normalization(
            run="workbench_clean.text_repair:repair_1",
            libraries=("ftfy",),
            summary="repair mojibake, HTML, full-width and invisible characters, and white space",
        )
    }


@hookimpl
def cleaners() -> Mapping[str, Cleaner]:
    """Register `repair`, `exact-duplicates` and `conflicts`; `repair` first lets the others find more equal texts."""
    return {
        "repair": Cleaner(
            run="workbench_clean.repair:repair",
            options=RepairOptions,
            calls=("normalizations",),
            summary="repair mojibake, HTML, full-width and invisible characters, and white space in every split",
        ),
        "exact-duplicates": Cleaner(
            run="workbench_clean.duplicates:drop_duplicates",
            summary="remove rows of train that repeat an earlier row, or a text of dev or test",
        ),
        "conflicts": Cleaner(
            run="workbench_clean.conflicts:resolve_conflicts",
            options=ConflictOptions,
            summary="report texts that have different intents, and remove them from train",
        ),
    }
