"""`workbench labelstudio backend`."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING

import click

from workbench.cli.output import echo_json, say
from workbench.cli.verbs import JSON
from workbench.errors import UsageProblem
from workbench_labelstudio.verbs.server import PROJECT, connected, server

if TYPE_CHECKING:
    from workbench.host import Host
    from workbench_labelstudio.live.registration import Registered, Wanted

TITLE = "intent-workbench"


def add(labelstudio: click.Group, host: Host) -> None:
    """Add the verb."""

    @labelstudio.command()
    @PROJECT
    @click.argument("address")
    @server
    @click.option("--user", help="Of the server at ADDRESS, if it asks for a login.")
    @click.option("--password-file", metavar="FILE", help="A file that holds the password for it.")
    @click.option("--secret-file", metavar="FILE", help="A file that holds the secret of the server's webhook.")
    @click.option("--title", default=TITLE, show_default=True, help="What Label Studio calls the model.")
    @click.option("--remove", is_flag=True, help="Take the server out of PROJECT.")
    @JSON
    def backend(
        project: str,
        address: str,
        url: str | None,
        token_file: str | None,
        user: str | None,
        password_file: str | None,
        secret_file: str | None,
        title: str,
        remove: bool,
        as_json: bool,
    ) -> None:
        """Make a served bundle the model of PROJECT: it labels tasks in advance, with its confidence.

        PROJECT is an id, a title or the address of the project's page. ADDRESS is where `workbench serve` answers, such
        as http://10.0.0.5:8080, as Label Studio reaches it. It is registered once: called again, this brings the entry
        up to date. Label Studio then has to say that it is connected, and the label config has to have the bundle's
        intents; else its own words are the error.

        The server answers Label Studio under ADDRESS/label-studio. Its settings are variables of its environment:

        \b
        WORKBENCH_LABELSTUDIO_USER and ..._PASSWORD or ..._PASSWORD_FILE
            the login that it asks for; without one, it answers its own machine only
        WORKBENCH_LABELSTUDIO_SECRET or ..._SECRET_FILE
            lets webhooks in, which Label Studio sends without the login
        WORKBENCH_LABELSTUDIO_RECIPE and WORKBENCH_LABELSTUDIO_RUN
            what Start Training runs: `workbench run RECIPE -o RUN`; if the gate
            accepts what comes of it, it takes over at once
        WORKBENCH_LABELSTUDIO_QUIET
            seconds without a new label after which it runs, too; 60 by default

        GET ADDRESS/jobs tells how a training stands; Label Studio has no place for it. The login and the secret are
        given here by options, else by the same variables. With a login, but without a secret, new labels are not told
        to the server, and Start Training is what trains.

        Label Studio refuses addresses of its own machine and of private networks, unless it was started with
        ML_BLOCK_LOCAL_IP=false and, for the events, SSRF_PROTECTION_ENABLED=false.

        \b
        Examples:
          workbench labelstudio backend 3 http://10.0.0.5:8080 --user ls --password-file password
          workbench labelstudio backend 3 http://10.0.0.5:8080 --remove
        """
        from workbench.offers import resolve

        register = resolve("workbench_labelstudio.live.registration:register", "labelstudio")
        unregister = resolve("workbench_labelstudio.live.registration:unregister", "labelstudio")
        find_project = resolve("workbench_labelstudio.sync.project:find_project", "labelstudio")
        wanted = _wanted(address, title, user, password_file, secret_file)
        with connected(url, token_file) as connection:
            found = find_project(connection, project)
            outcome = unregister(connection, found.id, wanted.url) if remove else register(connection, found.id, wanted)
        if as_json:
            echo_json({"project": found.id, "url": wanted.url, **dataclasses.asdict(outcome)})
        else:
            _tell(outcome, wanted, f"project {found.id} ({found.title})")


def _wanted(address: str, title: str, user: str | None, password_file: str | None, secret_file: str | None) -> Wanted:
    from workbench_labelstudio.live.registration import Wanted, backend_url
    from workbench_labelstudio.live.settings import checked_login, read_secret, read_settings

    if bool(user) != bool(password_file):
        raise UsageProblem("--user and --password-file belong together")
    if not title.strip():
        raise UsageProblem("--title is blank")
    known = read_settings(os.environ)
    login = known.login
    if user and password_file:
        login = checked_login(user, read_secret(password_file, "--password-file"), "--user")
    secret = read_secret(secret_file, "--secret-file") if secret_file else known.secret
    return Wanted(backend_url(address), title, login, secret)


def _tell(outcome: Registered, wanted: Wanted, project: str) -> None:
    if outcome.id is None:
        done = "is taken out of" if outcome.done == "removed" else "was no model of"
        click.echo(f"{wanted.url} {done} {project}")
        return
    click.echo(f"{outcome.state}: {wanted.url} answers for {project} with bundle {outcome.version} ({outcome.done})")
    if outcome.silent:
        say(f"New labels are not told to the server, so that Start Training alone trains: {outcome.silent}.")
    if outcome.others:
        say(f"Label Studio asks the first model of a project: {outcome.others[0]} comes before this one.")
    if outcome.shown != wanted.title:
        shown = f"those of {outcome.shown}" if outcome.shown else "no predictions"
        say(
            f"Annotators see {shown}: choose {wanted.title} in Settings, Annotation, Use predictions to prelabel tasks."
        )
