"""`workbench labelstudio backend`."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import click

from workbench.api import UsageProblem
from workbench.api.cli import JSON, echo_json, say
from workbench_labelstudio.options import ServerOptions
from workbench_labelstudio.verbs.server import PROJECT, connected, server_options

if TYPE_CHECKING:
    from workbench.api import Host
    from workbench_labelstudio.live.registration import Registration

TITLE = "intent-workbench"


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @PROJECT
    @click.argument("address")
    @click.option("--title", default=TITLE, show_default=True, help="What Label Studio calls the model.")
    @click.option("--remove", is_flag=True, help="Take the server out of PROJECT.")
    @JSON
    def backend(
        project: str, address: str, url: str | None, token_file: str | None, title: str, remove: bool, as_json: bool
    ) -> None:
        """Make a served bundle the model of PROJECT: its predictions label tasks in advance, with their scores.

        PROJECT is an id, a title or the address of the project's page. ADDRESS is where `workbench serve --with
        label-studio` answers, such as http://10.0.0.5:8080, as Label Studio reaches it. It is registered once: called
        again, this brings the entry up to date. Label Studio then has to say that it is connected, and the label config
        has to have the bundle's intents; else its own words are the error.

        The routes are below ADDRESS/label-studio. The settings of the server are variables of its environment:

        \b
        WORKBENCH_LABELSTUDIO_USER and ..._PASSWORD or ..._PASSWORD_FILE
            the login of requests; without one, only the server's own machine
            may send any, so set one behind a proxy on that machine
        WORKBENCH_LABELSTUDIO_SECRET or ..._SECRET_FILE
            of webhooks, which Label Studio sends without the login; ASCII
        WORKBENCH_LABELSTUDIO_RECIPE and WORKBENCH_LABELSTUDIO_RUN
            Start Training runs `workbench run RECIPE -o RUN`; the bundle takes
            over at once if the gate accepts it
        WORKBENCH_LABELSTUDIO_QUIET
            seconds without a new label after which it runs, too; 60 by default

        The files hold one line. Set the variables of the login and the secret here, too: Label Studio is told them.
        With a login, but without a secret, the server does not hear of new labels, and Start Training is what trains.

        The training runs on the server's machine and needs there what RECIPE needs: for the reader `labelstudio`,
        LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY, or what `workbench labelstudio connect` stored. Events count that are
        of the projects which RECIPE names by id or address; if it names none so, all events count. A training that
        fails is repeated after five minutes, each time twice as long. GET ADDRESS/jobs tells everybody its state; GET
        ADDRESS/label-studio/job_status, with the login, and the file RUN.log have its output, too.

        When the gate refuses a new bundle, the current one stays. RUN then holds the refused one: a server that was
        started on RUN itself ends with exit code 3 when it is started again, until a training is accepted. Serve a copy
        of the bundle's folder, or another run than RUN, to be safe from that.

        The server also passes each event on to every `workbench labelstudio watch` of the same user on its machine.

        Label Studio refuses addresses of its own machine and of private networks, unless it was started with
        ML_BLOCK_LOCAL_IP=false and, for the events, SSRF_PROTECTION_ENABLED=false.

        \b
        Examples:
          workbench labelstudio backend 3 http://10.0.0.5:8080
          workbench labelstudio backend 3 http://10.0.0.5:8080 --remove
        """
        if not title.strip():
            raise UsageProblem("--title is blank")
        with connected(url, token_file) as connection:
            from workbench_labelstudio.live.registration import register, unregister
            from workbench_labelstudio.live.settings import read_settings
            from workbench_labelstudio.project.project import find_project

            settings = read_settings(os.environ)
            found = find_project(connection, project)
            if remove:
                outcome = unregister(connection, found.id, address)
            else:
                outcome = register(connection, found.id, address, title, settings)
        if as_json:
            echo_json({"project": found.id, **dataclasses.asdict(outcome)})
        else:
            _tell(outcome, title, f"project {found.id} ({found.title})")

    backend.params += server_options(ServerOptions)


def _tell(outcome: Registration, title: str, project: str) -> None:
    if outcome.id is None:
        done = "is taken out of" if outcome.done == "removed" else "was no model of"
        return click.echo(f"{outcome.url} {done} {project}")
    click.echo(f"{outcome.state}: {outcome.url} serves {project} with bundle {outcome.version} ({outcome.done})")
    if outcome.silent:
        say(f"The server does not hear of new labels, so that Start Training alone trains: {outcome.silent}.")
    if outcome.others:
        say(f"Label Studio uses the first model of a project: {outcome.others[0]} comes before this one.")
    if outcome.shown != title:
        shown = f"those of {outcome.shown}" if outcome.shown else "no predictions"
        where = "Settings, Annotation, Use predictions to prelabel tasks"
        say(f"Annotators see {shown}: choose {title} in {where}.")
    return None
