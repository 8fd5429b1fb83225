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
from typing import TYPE_CHECKING, Any

from label_studio_sdk.core.api_error import ApiError

from workbench.errors import WorkbenchError
from workbench_labelstudio.sync.answers import body_of
from workbench_labelstudio.sync.connection import NotFound, Unconfirmed

if TYPE_CHECKING:
    from workbench.context import Log
    from workbench_labelstudio.sync.connection import Connection

CHUNK = 2500  # predictions a request; each request costs the server something for every task of the project too
CHUNK_BYTES = 900_000  # nginx takes 1 MB unless it is told otherwise
ROUNDS = 4  # how often predictions are sent of which none arrived
TIMEOUT = 300.0  # seconds for a chunk
PER_REMOVAL = 0.05  # seconds; measured: 0.005
logger = logging.getLogger(__name__)


def versions(connection: Connection, project: int) -> dict[str, int]:
    """Each model version of a project with its count of predictions, the latest first."""
    answer = connection.get(f"api/projects/{project}/model-versions", {"extended": True}).json
    return {entry["model_version"]: entry["count"] for entry in answer["static"] if entry["count"]}


def standing(connection: Connection, project: int, version: str) -> dict[int, list[int]]:
    """The tasks that have predictions of a version -> the ids of these, oldest first."""
    found: dict[int, list[int]] = defaultdict(list)
    if version in versions(connection, project):
        for entry in connection.get("api/predictions", {"project": project}, timeout=TIMEOUT).json:
            if entry["model_version"] == version:
                found[entry["task"]].append(entry["id"])
    return {task: sorted(ids) for task, ids in found.items()}


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
    while True:
        have = standing(connection, project, version)
        removed += _remove_twins(connection, have)
        missing = [prediction for task, prediction in predictions.items() if task not in have]
        if not missing:
            return removed
        rounds = 0 if len(missing) < before else rounds + 1
        if rounds == ROUNDS:
            raise _not_taken(connection, project, missing, failed)
        before = len(missing)
        failed = _send(connection, project, missing, log)


def remove(connection: Connection, project: int, version: str, count: int) -> None:
    """Remove all predictions of a version; the project shows another one afterwards, or none.

    Args:
        connection: to the server.
        project: its id.
        version: which.
        count: how many there are, for the time that it may take.
    """
    http = connection.client._client_wrapper.httpx_client
    path, body = f"api/projects/{project}/model-versions", {"model_version": version}

    def delete(request_options: Any) -> None:
        response = http.request(path, method="DELETE", json=body, request_options=request_options)
        if not response.is_success:
            raise ApiError(status_code=response.status_code, headers=dict(response.headers), body=body_of(response))

    connection.call(delete, where=f"{connection.url}/projects/{project}", timeout=TIMEOUT + PER_REMOVAL * count)


def _send(
    connection: Connection, project: int, predictions: Sequence[Mapping[str, Any]], log: Log
) -> Unconfirmed | None:
    """Send what is missing, up to the first chunk of which nobody knows whether it arrived; why nobody knows."""
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


def _remove_twins(connection: Connection, have: Mapping[int, list[int]]) -> int:
    twins = [number for ids in have.values() for number in ids[1:]]
    for number in twins:
        try:
            connection.call(
                connection.client.predictions.delete, number, where=f"{connection.url}: prediction {number}"
            )
        except NotFound:  # removed already, and the answer got lost
            logger.info("prediction %d is gone already", number)
    return len(twins)


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
