"""Predict with a bundle: `workbench predict` on the command line, `workbench serve` over HTTP, both without torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.api import hookimpl

if TYPE_CHECKING:
    from workbench.api import Host

BUNDLE = click.argument("bundle", type=click.Path(path_type=Path))
AT_LEAST_1 = click.IntRange(1)
THREADS = click.option("--threads", type=AT_LEAST_1, help="Texts predicted at the same time; all cores by default.")


@hookimpl
def register_commands(cli: click.Group, host: Host) -> None:
    """`predict` and `serve`."""

    @cli.command()
    @BUNDLE
    @click.argument("texts", nargs=-1, metavar="[TEXT]... | -")
    @click.option("--top", type=AT_LEAST_1, default=1, show_default=True, help="Intents for each text, best first.")
    @click.option("--json", "as_json", is_flag=True, help="A JSON object a line: text, intents, score, top.")
    @THREADS
    def predict(bundle: Path, texts: tuple[str, ...], top: int, as_json: bool, threads: int | None) -> None:
        """Predict the intent of each TEXT with BUNDLE, a bundle's folder or a run's.

        With "-", or no TEXT and a pipe, every line of standard input is a text, in UTF-8; a prediction
        is printed as soon as its line comes, and a file of any length is never held in memory.

        The output is a line INTENT<tab>SCORE<tab>TEXT for each text and each of its --top intents. The levels of a
        hierarchical intent are joined by " › ".

        A line that is blank or is not UTF-8 has no prediction: its place in the output holds an empty intent and score,
        or an "error" with --json. All other lines have one. The first such line is named at the end, and the exit code
        is 1.
        """
        from workbench_serve.predict_command import predict_texts

        predict_texts(bundle, texts, top=top, as_json=as_json, threads=threads, host=host)

    @cli.command()
    @BUNDLE
    @click.option("--host", "address", default="127.0.0.1", show_default=True, help="Address; 0.0.0.0 for all.")
    @click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
    @THREADS
    @click.option("--ungated", is_flag=True, help="Serve a bundle that the gate refused or never judged.")
    @click.option("--max-texts", type=AT_LEAST_1, default=1000, show_default=True, help="Of a request.")
    @click.option("--max-characters", type=AT_LEAST_1, default=8192, show_default=True, help="Of a text.")
    @click.option("--max-bytes", type=AT_LEAST_1, default=4_000_000, show_default=True, help="Of a request.")
    @click.option(
        "--max-waiting",
        type=click.IntRange(0),
        default=64,
        show_default=True,
        help="Requests that wait for a core; more get a 503.",
    )
    @click.option(
        "--grace",
        type=click.FloatRange(0),
        default=20,
        show_default=True,
        help="Seconds after a SIGTERM for requests in flight; then they get a 503.",
    )
    @click.option(
        "--with",
        "mounts",
        multiple=True,
        metavar="NAME",
        help="Add the routes that a plugin offers by this name; `workbench plugins` lists them as mounts. Repeatable.",
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
        """Serve BUNDLE, a bundle's folder or a run's, over HTTP until a SIGTERM or Ctrl-C.

        POST /predict takes {"text": "..."} or {"text": ["...", "..."]}; GET /health says whether the server is up;
        /docs is the page to try it, without internet. Large requests are worked on a few texts at a time, so that small
        ones get in between.

        After a SIGTERM, new requests are refused and those in flight have the --grace period; requests that are left
        then get a 503, and the exit code is 0.
        """
        from workbench_serve.limits import Limits
        from workbench_serve.server import ServeOptions, serve_bundle

        limits = Limits(max_texts, max_characters, max_bytes, max_waiting)
        serve_bundle(bundle, host, ServeOptions(address, port, threads, ungated, limits, grace, mounts))
