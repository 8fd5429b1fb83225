"""Stage `import`: several sources become one dataset with one order of intents and a lasting split."""

from __future__ import annotations

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
from workbench.stages.import_sources import path_of, read_rows, reader_of
from workbench.stages.split_assignment import count_moved_rows, divide

KEPT_ROWS = "kept_rows"  # metric: rows that an import without a ledger would put into another split


def import_stage(recipe: Recipe, ledger: Path | None = None, *, pins: bool = True) -> Stage:
    """The stage that reads every `[[import]]` of a recipe.

    The output of another run is reused where both runs would import the same: neither ledger had a say in the splits.

    Args:
        recipe: it has at least one.
        ledger: file that remembers which row went into which split; None forgets.
        pins: whether new rows are remembered too.
    """
    if not recipe.imports:
        raise WorkbenchError("the recipe imports nothing", remedy="Add an [[import]] with a reader and a source")

    def work(inputs: Inputs, out: Path, context: Context) -> Mapping[str, float]:
        known = read_known()
        read = read_rows(recipe, out, context)
        dataset = divide(read, recipe.top.seed, known, ledger)
        dataset.save(out)
        if ledger and pins:
            # last of all, so that an import that fails pins no row; one that is killed between here and its publication
            # is worked again, and finds each row in the split that it gave it
            replace_json(ledger, add_to_ledger(dataset, known))
        sizes = Counter(row.split for row in dataset)
        shown = {"intents": len(dataset.intents), **{f"{name}_rows": sizes[name] for name in SPLITS if sizes[name]}}
        moved = count_moved_rows(dataset, divide(read, recipe.top.seed, {})) if known else 0
        return shown | ({KEPT_ROWS: moved} if moved else {})

    def read_known() -> Ledger:
        return read_ledger(ledger) if ledger else {}

    def note(out: Path) -> None:
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
        reused=note,
    )


def _digests(recipe: Recipe) -> dict[str, str]:
    """Of the files and folders that are read, by the place of their `[[import]]`."""
    local = {f"{n}": path_of(recipe, step) for n, step in enumerate(recipe.imports) if not reader_of(step).remote}
    return {n: digest_path(path) for n, path in local.items() if path and path.exists()}
