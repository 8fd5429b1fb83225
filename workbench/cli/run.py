"""`workbench run`: run a recipe from start to end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from workbench.cli.output import echo_json, say, table
from workbench.cli.progress import TerminalProgress
from workbench.engine.overrides import parse_overrides
from workbench.engine.recipe import load_recipe
from workbench.engine.run import Run
from workbench.engine.runner import StagePlan
from workbench.engine.store import Store
from workbench.engine.workspace import Workspace
from workbench.errors import GateRefused
from workbench.host import Host
from workbench.io.lock import locked
from workbench.stages.pipeline import plan_recipe, run_recipe


def check_gate(run: Run) -> None:
    """Check that the gate accepted the run's bundle; a run without a gate passes.

    Raises:
        GateRefused: the bundle breaks a budget; the message has each broken budget with its figure.
    """
    bundle = run.bundle() if run.stage("gate") else None
    if bundle is not None and bundle.accepted is False and bundle.gate:
        broken = [
            f"{f['name']} is {f['value']:.4g}, budget {f['limit']:g}" for f in bundle.gate["figures"] if not f["kept"]
        ]
        raise GateRefused(
            f"the gate refuses the bundle: {'; '.join(broken)}",
            where=bundle.path,
            remedy="Loosen the budget in [gate], or compress less; `workbench serve --ungated` ignores the gate",
        )


def summarize(run: Run) -> None:
    """Print the table of metrics at the end of a run, the paths of its report and bundle, and the next command."""
    if reports := run.reports():
        columns = [
            "model",
            "split",
            "rows",
            *(names := sorted({name for report in reports for name in report.metrics})),
        ]
        table(
            columns,
            [
                [r.subject, r.split, f"{r.rows:,}", *[f"{r.metrics[n]:.4f}" if n in r.metrics else "" for n in names]]
                for r in reports
            ],
            err=True,
        )
    bundle = run.bundle() if run.stage("gate") else None
    if (page := run.path / "report.html").is_file():
        say(f"report  {page}")
    if bundle:
        say(f"bundle  {bundle.path}  ({bundle.size() / 1e6:.1f} MB)")
        say(f'next    workbench predict {run.path} "a text"   or   workbench serve {run.path}')


def outcome(run: Run) -> dict[str, Any]:
    """Return a run as JSON, for `--json`."""
    bundle = run.bundle() if run.stage("gate") else None
    return {
        "run": str(run.path),
        "stages": [
            {
                "name": s.name,
                "status": s.status,
                "seconds": round(s.seconds, 3),
                "digest": s.digest,
                **_origin(s.origin),
            }
            for s in run.stages
        ],
        "reports": [
            {"subject": r.subject, "split": r.split, "rows": r.rows, "metrics": dict(r.metrics)} for r in run.reports()
        ],
        "bundle": str(bundle.path) if bundle else None,
        "accepted": bundle.accepted if bundle else None,
    }


def add(cli: click.Group, host: Host) -> None:
    """Add the verb `run`."""

    @cli.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
    @click.argument("recipe", type=click.Path(path_type=Path))
    @click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/RECIPE]")
    @click.option("--from", "again", metavar="STAGE", help="Run this stage and all later stages, even if cached.")
    @click.option("--force", is_flag=True, help="Run every stage, even if cached.")
    @click.option(
        "--drop-old", is_flag=True, help="Remove outdated stages from OUT, unless the gate refuses the bundle."
    )
    @click.option("-n", "--dry-run", is_flag=True, help="Print which stages would run, and run none.")
    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    @click.pass_context
    def run(
        ctx: click.Context,
        recipe: Path,
        out: Path | None,
        again: str | None,
        force: bool,
        drop_old: bool,
        dry_run: bool,
        as_json: bool,
    ) -> None:
        """Run a RECIPE from start to end. Stages that are up to date come from the cache.

        OUT keeps the stages of earlier recipes and data, so that a return to them is free. Use --drop-old for
        periodic runs, to save disk space.

        An option overrides a key of the recipe: --train.epochs 3, --compress.int8.per_channel false.

        \b
        Example:
          workbench run recipe.toml -o runs/first
        """
        checked = load_recipe(recipe, host, parse_overrides(ctx.args))
        out = out or Workspace().place(recipe.stem)
        if dry_run:
            show_plan(plan_recipe(checked, out, host, again=again, force=force), as_json=as_json)
            return
        done = run_recipe(checked, out, host, TerminalProgress(), again=again, force=force)
        if as_json:
            echo_json(outcome(done))
        else:
            summarize(done)
        check_gate(done)
        if drop_old:
            with locked(out):
                Store(out).drop_unused()


def show_plan(plan: Sequence[StagePlan], *, as_json: bool) -> None:
    """Print which stages a run would execute."""
    if as_json:
        echo_json([{"stage": p.stage.name, "would": p.action, **_origin(p.origin)} for p in plan])
    else:
        table(["stage", "would"], [[planned.stage.name, _would(planned)] for planned in plan])


def _would(planned: StagePlan) -> str:
    if planned.origin:
        return f"cached from {planned.origin}"
    return {"ask": "read the source again"}.get(planned.action, planned.action)


def _origin(origin: Path | None) -> dict[str, str]:
    return {"from": str(origin)} if origin else {}
