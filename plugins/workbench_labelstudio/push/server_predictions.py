"""The predictions that stand on the server, by model version: looked up, added in bulk, removed.

The server keeps no order among predictions and takes the same one twice; so that a task has exactly one of a version,
what stands is read before anything is added, after an addition of which nobody knows whether it was done, and at the
end.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.http.connection import NotFound, Unconfirmed
from workbench_labelstudio.http.listing import list_tasks
from workbench_labelstudio.http.write_outcome import looks, settle
from workbench_labelstudio.project.tabs import of_version

if TYPE_CHECKING:
    from workbench.api import Log
    from workbench_labelstudio.http.connection import Connection

CHUNK = 2500  # predictions a request; each request costs the server something for every task of the project too
CHUNK_BYTES = 900_000  # nginx takes 1 MB unless it is told otherwise
ROUNDS = 4  # how often predictions are sent of which none arrived
TIMEOUT = 300.0  # seconds for a chunk
PER_REMOVAL = 0.05  # seconds; measured: 0.005
Entry = dict[str, Any]  # a prediction as the server has it: id, task, model_version, result, score …
logger = logging.getLogger(__name__)


def versions(connection: Connection, project: int) -> dict[str, int]:
    """Each model version of a project with its count of predictions, the latest first."""
    answer = connection.get(f"api/projects/{project}/model-versions", {"extended": True}).json
    return {entry["model_version"]: entry["count"] for entry in answer["static"] if entry["count"]}


def standing(connection: Connection, project: int, version: str) -> dict[int, list[Entry]]:
    """The tasks that have predictions of a version -> these as the server has them, oldest first."""
    found: dict[int, list[Entry]] = defaultdict(list)
    if version in versions(connection, project):
        for entry in connection.get("api/predictions", {"project": project}, timeout=TIMEOUT).json:
            if entry["model_version"] == version:
                found[entry["task"]].append(entry)
    return {task: sorted(entries, key=itemgetter("id")) for task, entries in found.items()}


def control_of(connection: Connection, project: int, version: str) -> str | None:
    """The control that a version's predictions answer, by one of them; None if it gives no label."""
    for task in next(list_tasks(connection, project, filters=of_version(version), page=1), []):
        for entry in task["predictions"]:
            if entry["model_version"] == version and entry["result"]:
                return str(entry["result"][0]["from_name"])
    return None


def write(
    connection: Connection, project: int, version: str, predictions: Mapping[int, Mapping[str, Any]], log: Log
) -> int:
    """Give tasks a prediction of a version each, unless they have one; no task keeps several of that version.

    Args:
        connection: to the server.
        project: its id.
        version: of all the predictions.
        predictions: task -> prediction.
        log: shows progress.

    Returns:
        How many of that version were too many and were removed.

    Raises:
        WorkbenchError: the server does not take some.
    """
    removed, rounds, before = 0, 0, -1
    failed: Unconfirmed | None = None
    doubtful = False  # whether some that were sent again may still come twice
    while True:
        have = standing(connection, project, version)
        removed += remove_each(connection, [entry for entries in have.values() for entry in entries[1:]])
        missing = [prediction for task, prediction in predictions.items() if task not in have]
        if not missing:
            if not doubtful:
                return removed
            doubtful = False
            settle()
            continue
        rounds = 0 if len(missing) < before else rounds + 1
        if rounds == ROUNDS:
            raise _not_taken(connection, project, missing, failed)
        before = len(missing)
        failed = _send(connection, project, version, missing, log)
        doubtful = doubtful or bool(failed)


def remove(connection: Connection, project: int, version: str, count: int) -> None:
    """Remove all predictions of a version; the project shows another one afterwards, or none.

    Args:
        connection: to the server.
        project: its id.
        version: which.
        count: how many there are, for the time that it may take.
    """
    connection.request(
        "DELETE",
        f"api/projects/{project}/model-versions",
        json={"model_version": version},
        where=f"{connection.url}/projects/{project}",
        timeout=TIMEOUT + PER_REMOVAL * count,
    )


def remove_each(connection: Connection, entries: Sequence[Entry]) -> int:
    """Remove these predictions, one by one; how many there are."""
    for number in map(itemgetter("id"), entries):
        try:
            connection.call(
                connection.client.predictions.delete, number, where=f"{connection.url}: prediction {number}"
            )
        except NotFound:  # removed already, and the answer got lost
            logger.info("prediction %d is gone already", number)
    return len(entries)


def _send(
    connection: Connection, project: int, version: str, predictions: Sequence[Mapping[str, Any]], log: Log
) -> Unconfirmed | None:
    """Send what is missing, up to the first chunk of which nobody knows whether it arrives; why nobody knows."""
    sent = 0
    for chunk in _chunks(predictions):
        try:
            connection.call(
                connection.client.projects.import_predictions,
                project,
                request=chunk,
                where=f"{connection.url}/projects/{project}",
                repeat=False,
                timeout=TIMEOUT,
            )
        except Unconfirmed as error:
            logger.info("%s: looking what stands there", error)
            tasks = {prediction["task"] for prediction in chunk}
            if not any(tasks <= standing(connection, project, version).keys() for _ in looks()):
                return error
        sent += len(chunk)
        log({"progress": sent / len(predictions)}, sent)
    return None


def _chunks(predictions: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    chunk: list[Mapping[str, Any]] = []
    room = CHUNK_BYTES
    for prediction in predictions:
        size = len(json.dumps(prediction, ensure_ascii=False).encode())
        if chunk and (len(chunk) == CHUNK or size > room):
            yield chunk
            chunk, room = [], CHUNK_BYTES
        chunk.append(prediction)
        room -= size
    if chunk:
        yield chunk


def _not_taken(
    connection: Connection, project: int, missing: Sequence[Mapping[str, Any]], failed: Unconfirmed | None
) -> WorkbenchError:
    where = f"{connection.url}/projects/{project}"
    if failed:
        return WorkbenchError(
            f"{len(missing):,} predictions did not arrive: {failed.what}",
            where=where,
            remedy="Run the same command again; it writes only what is missing",
        )
    return WorkbenchError(
        f"the server does not take {len(missing):,} predictions, such as {missing[0]['result']}",
        where=f"{where}: task {missing[0]['task']}",
        remedy="Was the label config changed meanwhile? Run the same command again",
    )
