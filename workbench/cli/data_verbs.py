"""The verbs that make datasets: import, clean, augment."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import click

from workbench.cli.options import click_options, collect
from workbench.cli.output import echo_json, table
from workbench.cli.verb_run import run_stages
from workbench.cli.verbs import FOLDER, JSON, OUT, SEED, offered, steps_of
from workbench.components import Reader
from workbench.engine.sections import ComponentConfig, ImportOptions, Recipe, RecipeOptions
from workbench.host import Host
from workbench.io.files import replace_json
from workbench.nouns.dataset import Dataset
from workbench.nouns.splits import add_to_ledger, check_shares
from workbench.nouns.utterance import SPLITS
from workbench.options import parse_options
from workbench.stages.import_stage import import_stage
from workbench.stages.preparation import augment_stage, clean_stage

SECTION_OPTIONS = ("split", "rare")  # options of `ImportOptions` that the verb has too


def add(cli: click.Group, host: Host) -> None:
    """Add the verbs `import`, `clean` and `augment`."""

    @offered(cli, "import", host, "readers", choice="reader")
    @click.argument("source")
    @OUT
    @SEED
    @click.option("--splits-of", type=FOLDER, help="Dataset folder; its rows keep their splits in the new dataset.")
    @JSON
    @click.pass_context
    def import_(
        ctx: click.Context,
        /,
        source: str,
        out: Path,
        seed: int,
        splits_of: Path | None,
        as_json: bool,
        **values: Any,
    ) -> None:
        """Import SOURCE into a dataset folder."""
        (config,) = steps_of(ctx)
        section = {name: values[name] for name in SECTION_OPTIONS if values[name] is not None}
        named = cast(Reader, config.component).named
        section |= {"reader": config.name, "source": source if named else str(Path(source).expanduser())}
        settings = parse_options(ImportOptions, section, "command line")
        if settings.split is not None:
            check_shares(settings.split, "--split")
        top = collect(RecipeOptions, {"seed": seed})
        with ledger_of(splits_of) as ledger:
            dataset = import_rows(dataclasses.replace(config, settings=settings), top, out, host, ledger)
        show_dataset(dataset, out, as_json=as_json)

    import_.params += [option for option in click_options(ImportOptions) if option.name in SECTION_OPTIONS]

    @offered(cli, "clean", host, "cleaners", several=True)
    @click.argument("dataset", type=FOLDER)
    @OUT
    @SEED
    @JSON
    @click.pass_context
    def clean(ctx: click.Context, /, dataset: Path, out: Path, seed: int, as_json: bool, **_: Any) -> None:
        """Clean a DATASET. Several cleaners run in the order of --use."""
        run_stages([clean_stage(steps_of(ctx), "data")], {"data": dataset}, out, host, seed)
        show_dataset(Dataset.load(out), out, as_json=as_json)

    @offered(cli, "augment", host, "augmenters", several=True)
    @click.argument("dataset", type=FOLDER)
    @OUT
    @SEED
    @JSON
    @click.pass_context
    def augment(ctx: click.Context, /, dataset: Path, out: Path, seed: int, as_json: bool, **_: Any) -> None:
        """Add augmented rows to the train split of a DATASET."""
        run_stages([augment_stage(steps_of(ctx), "data")], {"data": dataset}, out, host, seed)
        show_dataset(Dataset.load(out), out, as_json=as_json)


def import_rows(
    config: ComponentConfig,
    top: RecipeOptions,
    out: Path,
    host: Host,
    ledger: Path | None = None,
    *,
    pins: bool = True,
) -> Dataset:
    """Import one source into the dataset folder `out`, as the verb `import` does.

    Args:
        config: a reader with its options, and `ImportOptions` as its settings.
        top: the seed; this function ignores `requires`.
        out: the output folder, which must not exist.
        host: the plugins.
        ledger: JSON file with the split of each known row; None = no row is known.
        pins: whether new rows are added to the ledger.

    Raises:
        WorkbenchError: `out` exists, or the source cannot be read or divided into splits.
    """
    stage = import_stage(Recipe(top, (config,)), ledger, pins=pins)
    # The ledger is not part of the stage's key, so the import of a killed attempt must not be reused.
    run_stages([dataclasses.replace(stage, remote=True)], {}, out, host, top.seed)
    return Dataset.load(out)


@contextmanager
def ledger_of(dataset: Path | None) -> Iterator[Path | None]:
    """Write the splits of a dataset into a temporary ledger file inside the block; None without a dataset."""
    if dataset is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "splits.json"
        replace_json(ledger, add_to_ledger(Dataset.load(dataset), {}))
        yield ledger


def show_dataset(dataset: Dataset, out: Path, *, as_json: bool) -> None:
    """Print the counts of kept and removed rows by source and reason, and the rows of each split."""
    splits = {name: len(dataset.split(name)) for name in SPLITS}
    if as_json:
        size = {"rows": len(dataset), "splits": splits, "intents": dataset.intents}
        echo_json({"dataset": str(out), **size, "counts": dataset.counts})
        return
    rows = [[by, reason, f"{count:,}"] for by, reasons in dataset.counts.items() for reason, count in reasons.items()]
    rows += [["dataset", "rows", f"{len(dataset):,}"]]
    rows += [["dataset", f"{name} rows", f"{count:,}"] for name, count in splits.items()]
    rows += [["dataset", "intents", f"{len(dataset.intents):,}"]]
    table(["where", "what", "rows"], rows, err=True)
