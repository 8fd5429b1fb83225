"""`workbench labelstudio queue`."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api import UsageProblem
from workbench.api.cli import JSON, echo_json, say, table
from workbench_labelstudio.verbs.push import CONTROL, DRY_RUN, TEXT
from workbench_labelstudio.verbs.server import MIRROR, connected, server
from workbench_labelstudio.verbs.steps import shown_steps

if TYPE_CHECKING:
    from workbench.api import Host
    from workbench_labelstudio.push.choosing import Chosen
    from workbench_labelstudio.push.queue import Queue

SHOWN = 20  # tasks that are listed for humans


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command("queue")
    @click.argument("words", nargs=-1, metavar="[MODEL] PROJECT")
    @click.option(
        "--by",
        type=click.Choice(["uncertain", "diverse", "out-of-scope"]),
        default="uncertain",
        show_default=True,
        help="Which unlabelled tasks come first.",
    )
    @click.option("--size", type=click.IntRange(1), default=50, show_default=True, help="Tasks in the queue.")
    @click.option("--doubtful", type=click.IntRange(0), default=0, show_default=True, help="Labels to look at again.")
    @click.option("--clear", "is_clear", is_flag=True, help="End the queue; the project is as it was before.")
    @CONTROL
    @TEXT
    @DRY_RUN
    @JSON
    @MIRROR
    @server
    def queue(
        words: tuple[str, ...],
        by: Any,
        size: int,
        doubtful: int,
        is_clear: bool,
        control: str | None,
        text: str | None,
        dry_run: bool,
        as_json: bool,
        mirror: str | None,
        url: str | None,
        token_file: str | None,
    ) -> None:
        """Let Label Studio serve next what a human should look at, by what MODEL says of the tasks of PROJECT.

        MODEL is a bundle, a run or a model folder; PROJECT an id, a title or the address of the project's page. Of the
        tasks that nobody has labelled or skipped, --size are queued: `uncertain`, the smallest margin between the two
        most probable intents; `diverse`, those among the uncertain ones that are least like each other and like what is
        labelled; `out-of-scope`, the least like the texts that the model was trained on.

        The queue is written as the scores of predictions, lowest first, under a model version of its own; what push
        wrote stays as it is. The project then samples by uncertainty, so that a single annotator gets the first task of
        the queue next. Where several people annotate, Label Studio picks at random among the queue, and passes over
        what somebody else has open: queue more tasks than there are people. The tab "Review queue" of the Data Manager
        lists it in its order, and its button Label All Tasks keeps to that. Where each text is for several annotators,
        Label Studio serves first what others have begun, in the queue or not.

        --doubtful N fills the tab "Doubtful labels" with labelled tasks: disputed ones first, then those to whose label
        the model gives a low probability. A model that was trained on these labels underestimates what is wrong.

        Run it again to replace the queue. `queue PROJECT --clear` ends it.
        """
        if len(words) != (1 if is_clear else 2):
            raise UsageProblem(
                "queue takes MODEL and PROJECT; with --clear, PROJECT alone", where=" ".join(words) or "command line"
            )
        from workbench.api.serving import open_any
        from workbench_labelstudio.project.project import find_project
        from workbench_labelstudio.pull.mirror import mirror_of

        with connected(url, token_file) as connection:
            from workbench_labelstudio.push.queue import Wanted, clear, queue_up

            found = find_project(connection, words[-1])
            with closing(mirror_of(connection, found, mirror)) as place:
                if is_clear:
                    _tell_cleared(clear(connection, found, place), as_json=as_json)
                    return
                predictor = open_any(Path(words[0]), host)
                wanted = Wanted(by, size, doubtful, control, text, dry_run)
                with shown_steps() as log:
                    queued = queue_up(connection, found, place, predictor, wanted, log)
        _tell(queued, as_json=as_json)


def _tell_cleared(cleared: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        echo_json(cleared)
    for version, count in cleared["removed"].items():
        say(f"{version}: removed {count:,} predictions")
    say(f"annotators see {cleared['model_version'] or 'no predictions'}; next tasks: {cleared['sampling']}")


def _tell(queued: Queue, *, as_json: bool) -> None:
    from workbench_labelstudio.push.queue import scores

    if as_json:
        echo_json(
            {
                "project": queued.project,
                "version": queued.version,
                "open": queued.open,
                "annotators": queued.annotators,
                "findings": list(queued.findings),
                "dry": queued.dry,
                "tasks": list(map(_entry, queued.tasks, scores(queued.tasks))),
                "doubtful": list(map(_entry, queued.doubtful, scores(queued.doubtful))),
            }
        )
    for title, entries in (("next", queued.tasks), ("doubtful", queued.doubtful)):
        if entries:
            rows = [[str(entry.item.id), entry.why, entry.item.text[:80]] for entry in entries[:SHOWN]]
            table([title, "why", "text"], rows, err=True)
    would = "would queue" if queued.dry else "queued"
    say(f"{queued.version}: {would} {len(queued.tasks):,} of {queued.open:,} open tasks")
    if queued.annotators > 1 and queued.tasks:
        say(
            f"{queued.annotators} people annotate: Label Studio picks at random among the queue; "
            'the tab "Review queue" keeps its order'
        )
    for finding in queued.findings:
        say(finding)


def _entry(entry: Chosen, score: float) -> dict[str, Any]:
    from workbench_labelstudio.push.predictions import shown_intent

    return {
        "task": entry.item.id,
        "text": entry.item.text,
        "score": score,
        "intent": shown_intent(entry.said.intent),
        "figure": entry.figure,
        "why": entry.why,
    }
