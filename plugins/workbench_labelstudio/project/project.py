"""A project of a Label Studio server, found by its id, its title or its page's address."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import UsageProblem, WorkbenchError, unknown
from workbench_labelstudio.http.connection import NotFound
from workbench_labelstudio.http.credentials import clean_url

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection

ADDRESS = re.compile(r"^(https?://.*)/projects/(\d+)([/?#].*)?$")
LISTED = 10  # projects that an error names


@dataclass(frozen=True)
class Project:
    """What the server knows of a project: its own counts, where annotations exclude skips, and all `about` it."""

    id: int
    title: str
    label_config: str
    tasks: int
    annotations: int
    skips: int
    about: Mapping[str, Any]


def find_project(connection: Connection, named: str) -> Project:
    """The project with that id, that title, or whose page has that address.

    Raises:
        UsageProblem: there is none, several have the title, or the address is one of another server.
        NotFound: there is none at that address.
    """
    named = named.strip()
    address = ADDRESS.match(named)
    if address and clean_url(address[1]) != connection.url:
        remedy = f"Give --url {clean_url(address[1])}"
        raise UsageProblem("is no project of the server that is asked", where=named, remedy=remedy)
    number = address[2] if address else named
    if number.isdecimal():
        try:
            return read_project(connection, int(number))
        except NotFound:
            if address:
                raise
    if found := find_title(connection, named):
        return found
    near = difflib.get_close_matches(named, project_titles(connection).values(), n=LISTED, cutoff=0)
    raise unknown("project", named, near, where=connection.url)


def find_title(connection: Connection, title: str) -> Project | None:
    """The project with that title; None = there is none.

    Raises:
        UsageProblem: there are several.
    """
    title = title.strip()
    found = [number for number, other in sorted(project_titles(connection).items()) if other == title]
    if len(found) > 1:
        what = f"{len(found)} projects are called {title!r}: {', '.join(map(str, found))}"
        raise UsageProblem(what, where=connection.url, remedy="Name one by its id, or rename the others")
    return read_project(connection, found[0]) if found else None


def read_project(connection: Connection, number: int) -> Project:
    """The project with that id.

    Raises:
        NotFound: there is none.
    """
    about = connection.get(f"api/projects/{number}").json
    try:
        return Project(
            about["id"],
            about["title"] or "",
            about["label_config"] or "",
            about["task_number"] or 0,
            about["total_annotations_number"] or 0,
            about["skipped_annotations_number"] or 0,
            about,
        )
    except (KeyError, TypeError) as error:
        what, where = f"this is no project of Label Studio ({error})", f"{connection.url}/projects/{number}"
        raise WorkbenchError(what, where=where, remedy="Check the URL") from None


def project_titles(connection: Connection) -> dict[int, str]:
    """The title of every project that the user may see, by its id."""
    titles: dict[int, str] = {}
    page = 1
    while True:
        answer = connection.get("api/projects", {"page": page, "page_size": 100, "include": "id,title"}).json
        titles |= {project["id"]: project["title"] or "" for project in answer["results"]}
        if not answer["next"]:
            return titles
        page += 1
