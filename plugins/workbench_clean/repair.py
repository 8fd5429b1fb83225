"""The cleaner `repair`: applies the normalization `repair-1` to every row; serving applies it too."""

from __future__ import annotations

from pathlib import Path

from workbench.api import Context, Dataset, WorkbenchError
from workbench.api.text import normalize_rows
from workbench_clean import RepairOptions

NORMALIZATION = "repair-1"
MAX_NAMED = 5  # row ids in an error


def repair(dataset: Dataset, out: Path, options: RepairOptions, context: Context) -> Dataset:
    """Normalize every `text`, leave every `raw` unchanged, and count the changed texts.

    Rows of train that become blank are removed and counted as `blank`. Rows outside train matter for evaluation, so
    `options.blank` decides about them: `refuse`, `keep` or `drop`.

    Raises:
        WorkbenchError: rows outside train become blank, and `blank` is `refuse`. The message names the first rows.
    """
    repaired = normalize_rows(dataset, NORMALIZATION, "repair", context.host)
    blank = [row for row in repaired if not row.text]
    held_out = [row.id for row in blank if row.split != "train"]
    if held_out and options.blank == "refuse":
        raise WorkbenchError(
            f"the text is blank after the repair, and the row is outside train ({len(held_out)} in all)",
            where=", ".join(held_out[:MAX_NAMED]),
            remedy='Correct the texts in the source, or set blank = "drop" or "keep" in [clean.repair]',
        )
    removed = {row.id: "blank" for row in blank if row.split == "train" or options.blank == "drop"}
    return repaired.without(removed, "repair")
