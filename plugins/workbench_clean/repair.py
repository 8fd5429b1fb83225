"""The cleaner `repair`: the normalization `repair-1` for every row, the same that serving applies."""

from __future__ import annotations

from pathlib import Path

from workbench.api import Context, Dataset, WorkbenchError
from workbench.api.text import normalize_rows
from workbench_clean import RepairOptions

NORMALIZATION = "repair-1"
NAMED = 5


def repair(dataset: Dataset, out: Path, options: RepairOptions, context: Context) -> Dataset:
    """The dataset with every `text` normalized and every `raw` as it was; changed texts are counted.

    A row of train that becomes blank leaves and is counted as `blank`. A row of another split that becomes blank is a
    question to whoever measures with it, so `options.blank` decides: `refuse`, `keep` or `drop`.

    Raises:
        WorkbenchError: with `refuse`, rows outside train are blank; the first ones are named.
    """
    repaired = normalize_rows(dataset, NORMALIZATION, "repair", context.host)
    blank = [row for row in repaired if not row.text]
    held_out = [row.id for row in blank if row.split != "train"]
    if held_out and options.blank == "refuse":
        raise WorkbenchError(
            f"nothing is left of the text once repaired, and the row is outside train ({len(held_out)} in all)",
            where=", ".join(held_out[:NAMED]),
            remedy="Mend them at their source, or give repair the option blank = drop or keep",
        )
    removed = {row.id: "blank" for row in blank if row.split == "train" or options.blank == "drop"}
    return repaired.without(removed, "repair")
