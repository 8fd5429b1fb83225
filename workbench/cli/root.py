"""The root of the command line: loads the plugins, adds their verbs, and prints errors."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any, NoReturn

import click

from workbench import __version__
from workbench.cli import data_verbs, doctor, model_verbs, run, runs
from workbench.cli.plugin_verbs import verbs as plugins
from workbench.errors import WorkbenchError, unknown
from workbench.host import Host, build_host

DEBUG = os.environ.get("WORKBENCH_DEBUG") == "1"


class Root(click.Group):
    """A click group that prints an error in one line, and suggests the nearest verb for an unknown verb."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb; an unknown verb is a usage error with the nearest verb."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            raise unknown("command", args[0], self.commands)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; print a `WorkbenchError` in one line and exit with its code."""
        debug = bool(ctx.params.get("debug")) or DEBUG
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort, click.ClickException, KeyboardInterrupt):
            raise
        except BrokenPipeError:  # the reader of stdout has ended, as in `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)
        except WorkbenchError as error:
            if debug:
                raise
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            if debug:
                raise
            click.echo(f"Error: {error.filename or 'output'}: {error.strerror or error}", err=True)
            ctx.exit(1)
        except Exception as error:
            if debug:
                raise
            click.echo(
                f"Error: {type(error).__name__}: {error}\nThis is a bug in the workbench or in a plugin. "
                "Run the command again as `workbench --debug ...` to see the traceback.",
                err=True,
            )
            ctx.exit(1)


def build_cli(host: Host) -> click.Group:
    """Build the command line with the verbs of the host and of its plugins."""

    @click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
    @click.version_option(__version__, message="%(version)s")
    @click.option("--debug", is_flag=True, help="Show tracebacks and debug messages.")
    @click.option("-v", "--verbose", is_flag=True, help="Show log messages of level INFO.")
    def cli(debug: bool, verbose: bool) -> None:
        """Turn a labelled dataset into a compressed, served intent model."""
        logging.getLogger().setLevel(logging.DEBUG if debug else logging.INFO if verbose else logging.WARNING)

    for module in (run, runs, plugins, doctor, data_verbs, model_verbs):
        module.add(cli, host)
    for plugin, call in host.calls("register_commands", cli=cli, host=host):
        try:
            call()
        except Exception as error:
            host.leave_out(plugin, error)
    return cli


def main() -> NoReturn:
    """Run the console script `workbench`."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(
                encoding="utf-8", errors="surrogateescape" if stream is sys.stdin else "backslashreplace"
            )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    try:
        sys.exit(build_cli(build_host()).main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except WorkbenchError as error:
        if DEBUG or "--debug" in sys.argv:
            raise
        click.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. Finished stages are kept; run the same command again to continue.", err=True)
        sys.exit(130)
