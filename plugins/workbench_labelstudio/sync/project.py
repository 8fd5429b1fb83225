"""A project of a Label Studio server, found by its id, its title or its page's address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.errors import UsageProblem, unknown
from workbench_labelstudio.sync.connection import NotFound

if TYPE_CHECKING:
    from workbench_labelstudio.sync.connection import Connection

ADDRESS = re.compile(r"^https?://.*/projects/(\d+)(/.*)?$")


@dataclass(frozen=True)
class Project:
    """What the server knows of a project.

    Args:
        id: its number.
        title: its name.
        label_config: the XML that says what is asked.
        tasks: the server's count of tasks.
        annotations: the server's count of annotations, skips excluded.
        skips: the server's count of skips.
        about: all that the server says of it.
    """

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
        UsageProblem: there is none, or several have the title.
    """
    address = ADDRESS.match(named.strip())
    number = address.group(1) if address else named.strip()
    if number.isdecimal():
        try:
            return read_project(connection, int(number))
        except NotFound:
            if address:
                raise
    titles = _titles(connection)
    found = [key for key, title in titles.items() if title == named]
    if len(found) > 1:
        raise UsageProblem(f"{len(found)} projects are called {named!r}", remedy=f"Name one of the ids {found}")
    if not found:
        raise unknown("project", named, [f"{key} ({title})" for key, title in titles.items()], where=connection.url)
    return read_project(connection, found[0])


def read_project(connection: Connection, number: int) -> Project:
    """The project with that id.

    Raises:
        NotFound: there is none.
    """
    about = connection.get(f"api/projects/{number}").json
    return Project(
        about["id"],
        about["title"],
        about["label_config"],
        about["task_number"],
        about["total_annotations_number"],
        about["skipped_annotations_number"],
        about,
    )


def _titles(connection: Connection) -> dict[int, str]:
    titles: dict[int, str] = {}
    page = 1
    while True:
        answer = connection.get("api/projects", {"page": page, "page_size": 100, "include": "id,title"}).json
        titles |= {project["id"]: project["title"] for project in answer["results"]}
        if not answer["next"]:
            return titles
        page += 1
