"""The predictions on the server, by model version: looked up, added in bulk, removed.

The server keeps no order among predictions and takes the same one twice. So that a task has exactly one of a version,
the predictions are read before any is added, after an addition whose outcome is unknown, and at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.http.connection import NotFound
from workbench_labelstudio.http.listing import list_tasks
from workbench_labelstudio.http.write_outcome import settle
from workbench_labelstudio.project.tabs import of_version
from workbench_labelstudio.push.send_once import PROXY_BYTES, chunks, send_once

if TYPE_CHECKING:
    from workbench.api import Log
    from workbench_labelstudio.http.connection import Connection

CHUNK = 2500  # predictions per request; each request costs the server something for every task of the project too
CHUNK_BYTES = PROXY_BYTES
TIMEOUT = 300.0  # seconds for a chunk
PER_REMOVAL = 0.05  # seconds; measured: 0.005
Entry = dict[str, Any]  # a prediction as the server has it: id, task, model_version, result, score …


class PredictionStore:
    """The predictions of a project.

    Args:
        connection: to the server.
        project: its id.
    """

    def __init__(self, connection: Connection, project: int) -> None:
        self.connection, self.project = connection, project
        self.where = f"{connection.url}/projects/{project}"

    def versions(self) -> dict[str, int]:
        """Each model version with its count of predictions, the latest first."""
        answer = self.connection.get(f"api/projects/{self.project}/model-versions", {"extended": True}).json
        return {entry["model_version"]: entry["count"] for entry in answer["static"] if entry["count"]}

    def by_task(self, version: str) -> dict[int, list[Entry]]:
        """The tasks that have predictions of a version -> these as the server has them, oldest first."""
        found: dict[int, list[Entry]] = defaultdict(list)
        if version in self.versions():
            for entry in self.connection.get("api/predictions", {"project": self.project}, timeout=TIMEOUT).json:
                if entry["model_version"] == version:
                    found[entry["task"]].append(entry)
        return {task: sorted(entries, key=itemgetter("id")) for task, entries in found.items()}

    def control_of(self, version: str) -> str | None:
        """The control that a version's predictions answer, by one of them; None if it gives no label."""
        for task in next(list_tasks(self.connection, self.project, filters=of_version(version), page=1), []):
            for entry in task["predictions"]:
                if entry["model_version"] == version and entry["result"]:
                    return str(entry["result"][0]["from_name"])
        return None

    def write(self, version: str, predictions: Mapping[int, Mapping[str, Any]], log: Log) -> None:
        """Give tasks a prediction of a version each, unless they have one; no task keeps several of that version.

        Args:
            version: of all the predictions.
            predictions: task -> prediction.
            log: shows progress.

        Raises:
            WorkbenchError: the server does not take some.
        """
        missing = self._missing(version, predictions)
        if not missing:
            return

        def send(chunk: Sequence[Mapping[str, Any]]) -> None:
            function = self.connection.client.projects.import_predictions
            self.connection.call(function, self.project, request=chunk, where=self.where, repeat=False, timeout=TIMEOUT)

        def lacking(chunk: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
            have = self.by_task(version)
            return [prediction for prediction in chunk if prediction["task"] not in have]

        if send_once(chunks(missing, CHUNK, CHUNK_BYTES), len(missing), send, lacking, log):
            settle()
        if missing := self._missing(version, predictions):
            raise WorkbenchError(
                f"the server does not take {len(missing):,} predictions, such as {missing[0]['result']}",
                where=f"{self.where}: task {missing[0]['task']}",
                remedy="Was the label config changed meanwhile? Run the same command again",
            )

    def remove_version(self, version: str, count: int) -> None:
        """Remove all predictions of a version; the project shows another one afterwards, or none.

        Args:
            version: which.
            count: how many there are, for the time that it may take.
        """
        self.connection.request(
            "DELETE",
            f"api/projects/{self.project}/model-versions",
            json={"model_version": version},
            where=self.where,
            timeout=TIMEOUT + PER_REMOVAL * count,
        )

    def remove(self, entries: Sequence[Entry]) -> None:
        """Remove these predictions, one by one."""
        delete = self.connection.client.predictions.delete
        for number in map(itemgetter("id"), entries):
            with suppress(NotFound):  # removed already, and the answer got lost
                self.connection.call(delete, number, where=f"{self.connection.url}: prediction {number}")

    def _missing(self, version: str, predictions: Mapping[int, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The predictions that tasks do not have; what tasks have twice is removed."""
        have = self.by_task(version)
        self.remove([entry for entries in have.values() for entry in entries[1:]])
        return [prediction for task, prediction in predictions.items() if task not in have]
