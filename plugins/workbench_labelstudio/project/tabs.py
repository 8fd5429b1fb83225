"""Tabs of the Data Manager that list what a queue is made of: made once, brought up to date, others left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from label_studio_sdk.data_manager import Column, Operator, Type

from workbench_labelstudio.http.connection import NotFound
from workbench_labelstudio.http.listing import Filter, where_is
from workbench_labelstudio.http.write_outcome import make_once
from workbench_labelstudio.project.display_settings import is_queue

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection

REVIEW, DOUBTFUL = "Review queue", "Doubtful labels"
TITLES = (REVIEW, DOUBTFUL)
DEFAULT = {"title": "Default", "type": "list", "target": "tasks"}  # what the page makes where there is no tab
BY_SCORE = [Column.predictions_score]  # of the version that the project shows, lowest first
View = dict[str, Any]


def of_version(version: str, *filters: Filter) -> list[Filter]:
    """The tasks that have a prediction of a version, and to which the filters apply."""
    return [where_is(Column.predictions_model_versions, Operator.CONTAINS, [version], Type.List), *filters]


def set_tab(connection: Connection, project: int, title: str, filters: Sequence[Filter]) -> None:
    """Update the tab with that title, or make it; it lists these tasks, ordered by score.

    Raises:
        Unconfirmed: the outcome stays unknown.
    """
    wanted = {"title": title, "ordering": BY_SCORE, "filters": {"conjunction": "and", "items": list(filters)}}
    where, client = f"{connection.url}/projects/{project}: tab {title}", connection.client.views

    def make(data: View, find: Callable[[], list[View]]) -> None:
        call = partial(connection.call, client.create, project=project, data=data, where=where, repeat=False)
        make_once(call, find)

    views = _views(connection, project)
    if not views:
        make(DEFAULT, lambda: _views(connection, project))
    if ours := _ours(views, title):
        data = {**ours[0]["data"], **wanted}  # the columns that somebody chose stay
        if data != ours[0]["data"]:
            connection.call(client.update, str(ours[0]["id"]), project=project, data=data, where=where)
    else:
        make({**DEFAULT, **wanted}, lambda: _ours(_views(connection, project), title))


def remove_tabs(connection: Connection, project: int, titles: Sequence[str] = TITLES) -> list[str]:
    """Remove the tabs that `set_tab` has made; their titles."""
    views = _views(connection, project)
    ours = [(title, str(view["id"])) for title in titles for view in _ours(views, title)]
    for title, number in ours:
        with suppress(NotFound):  # removed already, and the answer got lost
            connection.call(connection.client.views.delete, number, where=f"{connection.url}: tab {title}")
    return [title for title, _ in ours]


def _views(connection: Connection, project: int) -> list[View]:
    views: list[View] = connection.get("api/dm/views", {"project": project}).json
    return views


def _ours(views: Sequence[View], title: str) -> list[View]:
    """The tabs of that title that list a queue's tasks; somebody's own may have the title too."""
    return [view for view in views if (view["data"] or {}).get("title") == title and _lists_a_queue(view)]


def _lists_a_queue(view: View) -> bool:
    items = (view["data"].get("filters") or {}).get("items", [])
    values = [item["value"] for item in items if item["filter"] == f"filter:{Column.predictions_model_versions}"]
    return any(isinstance(value, list) and any(map(is_queue, value)) for value in values)
