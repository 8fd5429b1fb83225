"""Stage `import`: read all sources into one dataset with one order of intents and fixed splits."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from workbench.context import Context
from workbench.engine.sections import Recipe
from workbench.engine.stage import Inputs, Stage
from workbench.errors import WorkbenchError
from workbench.io.digests import digest_path
from workbench.io.files import replace_json
from workbench.nouns.dataset import Dataset
from workbench.nouns.splits import Ledger, add_to_ledger, read_ledger
from workbench.nouns.utterance import SPLITS
from workbench.quality.label_warnings import label_warnings
from workbench.stages.import_sources import path_of, read_rows, reader_of
from workbench.stages.split_assignment import count_moved_rows, divide

logger = logging.getLogger(__name__)
KEPT_ROWS = "kept_rows"  # metric: number of rows whose split comes from the ledger and would differ without it


def import_stage(recipe: Recipe, ledger: Path | None = None, *, pins: bool = True) -> Stage:
    """Define the stage `import`, which reads every `[[import]]` of a recipe.

    The output of a sibling run is reused only if that run's ledger changed no split and this run's ledger is empty.

    Args:
        recipe: a recipe with at least one `[[import]]`.
        ledger: file with the split of every imported row; None = no ledger.
        pins: whether the stage adds new rows to the ledger.

    Raises:
        WorkbenchError: the recipe has no `[[import]]`.
    """
    if not recipe.imports:
        raise WorkbenchError(
            "the recipe imports no data", remedy='Add [[import]] with reader = "NAME" and source = "PATH"'
        )

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        known = read_known()
        read = read_rows(recipe, out, context)
        dataset = divide(read, recipe.top.seed, known, ledger)
        for warning in label_warnings(dataset):
            logger.warning("%s", warning)
        dataset.save(out)
        if ledger and pins:
            # last, so that a failed import adds no rows; an import that is killed after this line runs again and
            # finds the same splits in the ledger
            replace_json(ledger, add_to_ledger(dataset, known))
        sizes = Counter(row.split for row in dataset)
        figures = {"intents": len(dataset.intents), **{f"{name}_rows": sizes[name] for name in SPLITS if sizes[name]}}
        kept = count_moved_rows(dataset, divide(read, recipe.top.seed, {})) if known else 0
        return figures | ({KEPT_ROWS: kept} if kept else {})

    def read_known() -> Ledger:
        return read_ledger(ledger) if ledger else {}

    def pin_rows(out: Path) -> None:
        if ledger and pins:
            replace_json(ledger, add_to_ledger(Dataset.load(out), {}))

    return Stage(
        "import",
        "import",
        work,
        steps=recipe.imports,
        outside=lambda: _digests(recipe),
        remote=any(reader_of(step).remote for step in recipe.imports),
        reusable=lambda record: not record.metrics.get(KEPT_ROWS) and not read_known(),
        reused=pin_rows,
    )


def _digests(recipe: Recipe) -> dict[str, str]:
    """Compute index of the `[[import]]` -> digest, for the local files and folders that the readers open."""
    local = {f"{n}": path_of(recipe, step) for n, step in enumerate(recipe.imports) if not reader_of(step).remote}
    return {n: digest_path(path) for n, path in local.items() if path and path.exists()}
