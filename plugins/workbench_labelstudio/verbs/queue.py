"""`workbench labelstudio queue`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.api import UsageProblem
from workbench.api.cli import JSON, ComponentName, collect, echo_json, say, shown_steps, table
from workbench_labelstudio.options import QueueOptions
from workbench_labelstudio.verbs.server import opened, server_options

if TYPE_CHECKING:
    from workbench.api import Host
    from workbench_labelstudio.push.queue import Queue

SHOWN = 20  # tasks that are listed for humans


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command("queue")
    @click.argument("words", nargs=-1, metavar="[MODEL] PROJECT")
    @click.option("--clear", "is_clear", is_flag=True, help="End the queue; the project is as it was before.")
    @JSON
    def queue(words: tuple[str, ...], is_clear: bool, as_json: bool, **values: Any) -> None:
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

        --doubtful N fills the tab "Doubtful labels" with labelled tasks: disputed ones first, then those whose label is
        improbable for a probe on the model's sentence vectors that was trained without their text.

        Run it again to replace the queue. `queue PROJECT --clear` ends it.
        """
        if len(words) != (1 if is_clear else 2):
            raise UsageProblem(
                "queue takes MODEL and PROJECT; with --clear, PROJECT alone", where=" ".join(words) or "command line"
            )
        from workbench.api.serving import open_any

        options = collect(QueueOptions, values)
        with opened(words[-1], options) as (connection, project, mirror):
            from workbench_labelstudio.push.queue import clear, queue_up

            if is_clear:
                return _tell_cleared(clear(connection, project, mirror), as_json=as_json)
            predictor = open_any(Path(words[0]), host)
            with shown_steps() as log:
                queued = queue_up(connection, project, mirror, predictor, options, host, log)
        return _tell(queued, as_json=as_json)

    made = server_options(QueueOptions, host)
    for option in made:
        if option.name == "by":
            option.type = ComponentName(host, "selectors", lambda selector: not selector.labels)
    queue.params += made


def _tell_cleared(cleared: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        echo_json(cleared)
    for version, count in cleared["removed"].items():
        say(f"{version}: removed {count:,} predictions")
    say(f"annotators see {cleared['model_version'] or 'no predictions'}; next tasks: {cleared['sampling']}")


def _tell(queued: Queue, *, as_json: bool) -> None:
    if as_json:
        echo_json(dataclasses.asdict(queued))
    for title, entries in (("next", queued.tasks), ("doubtful", queued.doubtful)):
        if entries:
            rows = [[str(entry.task), entry.why, entry.text[:80]] for entry in entries[:SHOWN]]
            table([title, "why", "text"], rows, err=True)
    would = "would queue" if queued.dry else "queued"
    say(f"{queued.version}: {would} {len(queued.tasks):,} of {queued.open:,} open tasks")
    for finding in queued.findings:
        say(finding)
