"""The verbs `workbench review …`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api import Context, Dataset, WorkbenchError, silent
from workbench.api.cli import FOLDER, JSON, ComponentName, echo_json, offered, say, steps_of, table

if TYPE_CHECKING:
    from workbench.api import Host, Reader, Selector

SHOWN = 20  # rows that are listed for people
OUT = click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.csv",
    help="Write the rows into a new CSV file, which can be imported once its column intent is filled in.",
)
SIZE = click.option("--size", type=click.IntRange(1), default=50, show_default=True, help="Rows at most.")


def add_verbs(cli: click.Group, host: Host) -> None:
    """Add the group and its verbs."""

    @cli.group()
    def review() -> None:
        """Choose what to label next, find doubtful labels, and measure how far annotators agree."""

    @review.command("next")
    @click.argument("model", type=FOLDER)
    @click.argument("dataset", type=FOLDER)
    @click.option("--by", type=_names(host, labels=False), help="What comes first.  [default: the first]")
    @SIZE
    @OUT
    @JSON
    def next_(model: Path, dataset: Path, by: str | None, size: int, out: Path | None, as_json: bool) -> None:
        """List the unlabelled rows of DATASET that a person should label next, by the predictions of MODEL.

        MODEL is a bundle, a run or a model folder. `uncertain`: the smallest margin between the two most probable
        intents; `diverse`: uncertain rows that are least like each other and like labelled rows; `out-of-scope`: rows
        that are least like the model's training texts.
        """
        by = by or host.registry("selectors").default
        _show(by, *_choose(host, by, dataset, model, size, out), out, as_json)

    @review.command("doubts")
    @click.argument("dataset", type=FOLDER)
    @click.option("--model", type=FOLDER, help="A bundle, a run or a model whose sentence vectors are used.")
    @click.option("--by", type=_names(host, labels=True), help="What is doubted first.  [default: the first]")
    @SIZE
    @OUT
    @JSON
    def doubts(dataset: Path, model: Path | None, by: str | None, size: int, out: Path | None, as_json: bool) -> None:
        """List the labelled rows of DATASET whose label is the least probable.

        Each label is predicted by a linear probe that was trained without its text (cross-validation), on the sentence
        vectors of --model, or without it on TF-IDF of characters.
        """
        by = by or host.registry("selectors").first("labels")
        _show(by, *_choose(host, by, dataset, model, size, out), out, as_json)

    @offered(
        review,
        "agreement",
        host,
        "readers",
        choice="reader",
        accepts=lambda reader: reader.votes is not None,
        default=lambda: ("votes",),
    )
    @click.argument("source")
    @JSON
    @click.pass_context
    def agreement(ctx: click.Context, /, source: str, as_json: bool, **_: Any) -> None:
        """Measure how far the annotators of SOURCE agree, and show where they do not.

        SOURCE is a file of votes, or what --reader takes. Cohen's kappa compares two annotators, Krippendorff's alpha
        all of them: 1 = they always agree, 0 = as often as by chance. Above 0.8 labels can be relied on; an intent
        below 0.67 needs a clearer guideline, or to be merged with another. Skips are no votes.
        """
        (step,) = steps_of(ctx)
        reader: Reader = step.component  # type: ignore[assignment]
        place = source if reader.named else str(Path(source).expanduser())
        with tempfile.TemporaryDirectory() as work:
            votes = reader.read_votes(place, step.options, Context(host, 0, Path(work)))
        registry = host.registry("agreements")
        summary = registry[registry.default](votes, host)
        if as_json:
            echo_json({"source": source, **summary.figures})
        else:
            click.echo("\n".join([f"{source}:", *summary.words]))


def _names(host: Host, *, labels: bool) -> ComponentName:
    return ComponentName(host, "selectors", lambda selector: selector.labels == labels)


def _choose(
    host: Host, by: str, dataset: Path, model: Path | None, size: int, out: Path | None
) -> tuple[list[dict[str, Any]], int]:
    """The chosen rows as records, also in the new file `out`, and among how many rows they were chosen."""
    from workbench.api.review import ReviewPool, predict_pool, rows_needed
    from workbench.api.serving import open_any
    from workbench_review.listing import check_new, pool_row, record, write_csv

    if out:
        check_new(out)
    selector: Selector = host.registry("selectors")[by]
    rows = [row for row in Dataset.load(dataset) if row.origin == "import"]
    whole = [pool_row(row) for row in rows]
    kept = rows_needed(whole, [selector])
    rows, pool_rows = [rows[place] for place in kept], [whole[place] for place in kept]
    candidates = sum(bool(row.votes) == selector.labels for row in pool_rows)
    if not candidates:
        raise WorkbenchError(
            f"has no {'labelled' if selector.labels else 'unlabelled'} rows",
            where=dataset,
            remedy="Label some" if selector.labels else "Import texts without labels, or see: workbench review doubts",
        )
    pool = predict_pool(pool_rows, open_any(model, host), silent) if model else ReviewPool(pool_rows)
    records = [record(rows[one.row], pool, one) for one in selector(pool, size)]
    if out and not records:
        raise WorkbenchError("there is nothing to review", where=dataset)
    if out:
        write_csv(out, records)
    return records, candidates


def _show(by: str, records: list[dict[str, Any]], candidates: int, out: Path | None, as_json: bool) -> None:
    if as_json:
        echo_json({"by": by, "candidates": candidates, "rows": records})
    else:
        table(["id", "why", "text"], [[row["id"], row["why"], row["text"][:80]] for row in records[:SHOWN]])
    say(f"{by}: {len(records):,} of {candidates:,} rows" + (f", written to {out}" if out else ""))
