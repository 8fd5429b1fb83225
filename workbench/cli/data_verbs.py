"""The verbs that make datasets: import, clean, augment."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import click

from workbench.cli.once import work
from workbench.cli.options import click_options, collect
from workbench.cli.output import echo_json, table
from workbench.cli.verbs import FOLDER, JSON, OUT, SEED, offered, steps_of
from workbench.components import Reader
from workbench.engine.sections import ComponentConfig, ImportOptions, Recipe, RecipeOptions
from workbench.engine.stage import Stage
from workbench.host import Host
from workbench.io.files import replace_json
from workbench.nouns.dataset import Dataset
from workbench.nouns.splits import add_to_ledger, check_shares
from workbench.nouns.utterance import SPLITS
from workbench.options import parse_options
from workbench.stages.import_stage import import_stage
from workbench.stages.preparation import augment_stage, clean_stage

OF_THE_SECTION = ("split", "rare")


def add(cli: click.Group, host: Host) -> None:
    """Add import, clean and augment."""

    @offered(cli, "import", host, "readers", choice="reader")
    @click.argument("source")
    @OUT
    @SEED
    @click.option("--splits-of", type=FOLDER, help="A dataset whose rows keep the split that they have there.")
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
        """Read SOURCE into a dataset folder."""
        (step,) = steps_of(ctx)
        section = {name: values[name] for name in OF_THE_SECTION if values[name] is not None}
        named = cast(Reader, step.component).named
        section |= {"reader": step.name, "source": source if named else str(Path(source).expanduser())}
        settings = parse_options(ImportOptions, section, "command line")
        if settings.split is not None:
            check_shares(settings.split, "--split")
        top = collect(RecipeOptions, {"seed": seed})
        with ledger_of(splits_of) as ledger:
            dataset = import_rows(dataclasses.replace(step, settings=settings), top, out, host, ledger)
        show(dataset, out, as_json=as_json)

    import_.params += [option for option in click_options(ImportOptions) if option.name in OF_THE_SECTION]

    @offered(cli, "clean", host, "cleaners", several=True)
    @click.argument("dataset", type=FOLDER)
    @OUT
    @SEED
    @JSON
    @click.pass_context
    def clean(ctx: click.Context, /, dataset: Path, out: Path, seed: int, as_json: bool, **_: Any) -> None:
        """Clean a DATASET with one or more cleaners, in the order given."""
        change(clean_stage(steps_of(ctx), "data"), dataset, out, host, seed)
        show(Dataset.load(out), out, as_json=as_json)

    @offered(cli, "augment", host, "augmenters", several=True)
    @click.argument("dataset", type=FOLDER)
    @OUT
    @SEED
    @JSON
    @click.pass_context
    def augment(ctx: click.Context, /, dataset: Path, out: Path, seed: int, as_json: bool, **_: Any) -> None:
        """Add made-up rows to the train split of a DATASET."""
        change(augment_stage(steps_of(ctx), "data"), dataset, out, host, seed)
        show(Dataset.load(out), out, as_json=as_json)


def change(stage: Stage, dataset: Path, out: Path, host: Host, seed: int) -> None:
    """Let a stage make a dataset of a dataset."""
    work([stage], {"data": dataset}, out, host, seed)


def import_rows(
    step: ComponentConfig,
    top: RecipeOptions,
    out: Path,
    host: Host,
    ledger: Path | None = None,
    *,
    pins: bool = True,
) -> Dataset:
    """Import one source into the dataset folder `out`, as the verb `import` does.

    Args:
        step: a reader with its options, and `ImportOptions` as its settings.
        top: the seed; required plugins are not asked for.
        out: does not exist yet.
        host: the plugins.
        ledger: a file that says which row went into which split; None = nothing is known.
        pins: whether the ledger remembers new rows too.

    Raises:
        WorkbenchError: `out` exists, or the source cannot be read or divided.
    """
    stage = import_stage(Recipe(top, (step,)), ledger, pins=pins)
    # the ledger is in no key, so nothing that a killed attempt imported is used
    work([dataclasses.replace(stage, remote=True)], {}, out, host, top.seed)
    return Dataset.load(out)


@contextmanager
def ledger_of(dataset: Path | None) -> Iterator[Path | None]:
    """A ledger of the splits of a dataset, in a file of its own while the block lasts; None without a dataset."""
    if dataset is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "splits.json"
        replace_json(ledger, add_to_ledger(Dataset.load(dataset), {}))
        yield ledger


def show(dataset: Dataset, out: Path, *, as_json: bool) -> None:
    """What became of the rows, by source and reason, and how many there are in each split."""
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
