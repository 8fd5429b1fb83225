"""Predict with a bundle, without torch: `workbench predict` on the command line, `workbench serve` over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.api import hookimpl

if TYPE_CHECKING:
    from workbench.api import Host

BUNDLE = click.argument("bundle", type=click.Path(path_type=Path))
AT_LEAST_1 = click.IntRange(1)
THREADS = click.option("--threads", type=AT_LEAST_1, help="Number of prediction threads.  [default: one per core]")


@hookimpl
def register_commands(cli: click.Group, host: Host) -> None:
    """Add the verbs `predict` and `serve`."""

    @cli.command()
    @BUNDLE
    @click.argument("texts", nargs=-1, metavar="[TEXT]... | -")
    @click.option(
        "--top", type=AT_LEAST_1, default=1, show_default=True, help="Number of intents per text, best first."
    )
    @click.option("--json", "as_json", is_flag=True, help="Print a JSON object per text: text, intents, score, top.")
    @THREADS
    def predict(bundle: Path, texts: tuple[str, ...], top: int, as_json: bool, threads: int | None) -> None:
        """Predict the intent of each TEXT. BUNDLE is a bundle folder or a run folder.

        With "-", or without TEXT in a pipe, every line of standard input is a text in UTF-8. Each prediction is printed
        as soon as its line arrives, and memory use does not depend on the length of the input.

        The output is a line INTENT<tab>SCORE<tab>TEXT for each text and each of its --top intents. " › " separates the
        levels of a hierarchical intent.

        A line that is blank or not UTF-8 has no prediction. Its output line has an empty intent and score, or with
        --json an "error". The command still predicts all other lines, reports the first bad line at the end, and exits
        with code 1.
        """
        from workbench_serve.predict_command import predict_texts

        predict_texts(bundle, texts, top=top, as_json=as_json, threads=threads, host=host)

    @cli.command()
    @BUNDLE
    @click.option(
        "--host", "address", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 = all."
    )
    @click.option(
        "--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0 = a free one."
    )
    @THREADS
    @click.option("--ungated", is_flag=True, help="Serve a bundle that the gate refused or did not check.")
    @click.option("--max-texts", type=AT_LEAST_1, default=1000, show_default=True, help="Maximum texts per request.")
    @click.option(
        "--max-characters", type=AT_LEAST_1, default=8192, show_default=True, help="Maximum characters per text."
    )
    @click.option(
        "--max-bytes", type=AT_LEAST_1, default=4_000_000, show_default=True, help="Maximum bytes of a request's body."
    )
    @click.option(
        "--max-waiting",
        type=click.IntRange(0),
        default=64,
        show_default=True,
        help="Maximum number of queued requests; others get status 503.",
    )
    @click.option(
        "--grace",
        type=click.FloatRange(0),
        default=20,
        show_default=True,
        help="Seconds for running requests after SIGTERM; unfinished requests then get status 503.",
    )
    @click.option(
        "--with",
        "mounts",
        multiple=True,
        metavar="NAME",
        help="Add optional routes of a plugin (see mounts in `workbench plugins`). Repeatable.",
    )
    def serve(
        bundle: Path,
        address: str,
        port: int,
        threads: int | None,
        ungated: bool,
        max_texts: int,
        max_characters: int,
        max_bytes: int,
        max_waiting: int,
        grace: float,
        mounts: tuple[str, ...],
    ) -> None:
        """Serve a BUNDLE over HTTP until SIGTERM or Ctrl-C. BUNDLE is a bundle folder or a run folder.

        POST /predict takes {"text": "..."} or {"text": ["...", "..."]}. GET /health returns the state of the server.
        /docs is a page to try requests, also without internet. The server predicts large requests in slices, so that
        small requests need not wait for large requests.

        After SIGTERM, the server refuses new requests, and running requests have --grace seconds to finish. Remaining
        requests then get status 503, and the exit code is 0.
        """
        from workbench_serve.limits import Limits
        from workbench_serve.server import ServeOptions, serve_bundle

        limits = Limits(max_texts, max_characters, max_bytes, max_waiting)
        serve_bundle(bundle, host, ServeOptions(address, port, threads, ungated, limits, grace, mounts))
