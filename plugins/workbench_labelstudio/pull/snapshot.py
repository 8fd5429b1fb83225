"""Read all tasks at once: the server writes an export snapshot, which is downloaded and deleted there.

Without Redis the server writes the snapshot inside the request, so that a proxy may cut the answer off. The mirror
therefore notes the title of a snapshot before the request, and the title finds the snapshot again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.http.connection import NotFound, Unconfirmed
from workbench_labelstudio.http.request_stats import server_time

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.pull.mirror import Mirror

NOTE = "snapshots"  # note in the mirror: titles of the snapshots that may be on the server
COMPLETED, FAILED = "completed", "failed"
ENDED = (COMPLETED, FAILED)
PATIENCE = 900.0  # seconds until a snapshot is ready
LOST = timedelta(seconds=PATIENCE)  # one that is not ready after that time never will be
ASK_AGAIN = 2.0
BATCH = 500
CHUNK = 1 << 20  # characters
BETWEEN = re.compile(r"[\s,\[]*")  # between two tasks of the list
logger = logging.getLogger(__name__)


class Snapshots:
    """The snapshots of a project that a mirror has asked for.

    Args:
        connection: to the server.
        project: its id.
        mirror: remembers the titles.
    """

    def __init__(self, connection: Connection, project: int, mirror: Mirror) -> None:
        self.connection, self.project, self.mirror = connection, project, mirror
        self.exports, self.where = connection.client.projects.exports, f"{connection.url}/projects/{project}"

    @contextmanager
    def batches(self) -> Iterator[Iterator[list[dict[str, Any]]]]:
        """Batches of all tasks by rising id, as of one moment.

        Raises:
            WorkbenchError: this server gives no snapshot, or not in time.
        """
        title = f"intent-workbench-{secrets.token_hex(8)}"
        self.mirror.note(NOTE, [*self._titles(), title])
        self._create(title)
        made = self._ready(title)
        # nobody else can open a file without a name
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="", dir=self.mirror.folder) as file:
            self.connection.call(self._download, made, file.buffer, where=self.where)
            tasks = _tasks(file)
            yield iter(lambda: list(islice(tasks, BATCH)), [])

    def sweep(self) -> list[str]:
        """Delete the snapshots that are left on the server.

        One that is still being written would come back, so it stays for the next sweep.

        Returns:
            What the user has to know.
        """
        titles, unfinished = self._titles(), []
        if not titles:
            return []
        try:
            answer = self._list()
            now = server_time(answer.headers)
            for export in answer.json:
                if export["title"] not in titles:
                    continue
                is_lost = now and now - datetime.fromisoformat(export["created_at"]) > LOST
                if export["status"] in ENDED or is_lost:
                    self._delete(export["id"])
                else:
                    unfinished.append(export["title"])
        except WorkbenchError as error:
            return [f"export snapshots could not be deleted on the server: {error.what}; the next pull tries again"]
        self.mirror.note(NOTE, unfinished)
        return []

    def _titles(self) -> list[str]:
        return list(self.mirror.noted(NOTE) or ())

    def _create(self, title: str) -> None:
        """Have a snapshot written.

        Raises:
            WorkbenchError: the server cannot. Only this answer tells so: the server's list goes on saying that a
                snapshot that failed is in progress.
        """
        options: dict[str, Any] = {"repeat": False, "timeout": PATIENCE, "where": self.where}
        try:
            made = self.connection.call(self.exports.create, self.project, title=title, **options)
        except Unconfirmed as error:
            logger.info("%s; looking whether it is there", error)
            return
        if made.status == FAILED and made.id is not None:
            self._delete(made.id)
            raise WorkbenchError("the server could not write it", where=self.where)

    def _ready(self, title: str) -> dict[str, Any]:
        """The snapshot with that title, as the server lists it once it is completed."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = next((export for export in self._list().json if export["title"] == title), None)
            if found and found["status"] == COMPLETED:
                return dict(found)
            if not found or found["status"] == FAILED or time.monotonic() > deadline:
                what = f"the server has made none ({found['status'] if found else 'it is gone'})"
                raise WorkbenchError(what, where=self.where)
            time.sleep(ASK_AGAIN)

    def _list(self) -> Any:
        return self.connection.get(f"api/projects/{self.project}/exports/")

    def _delete(self, export: int) -> None:
        with suppress(NotFound):
            self.connection.call(self.exports.delete, self.project, export, where=self.where)

    def _download(self, made: dict[str, Any], file: IO[bytes], request_options: Any) -> None:
        file.seek(0)
        file.truncate()
        digest = hashlib.md5(usedforsecurity=False)  # the server gives the MD5 of the file
        options = {"export_type": "JSON", "request_options": request_options}
        for chunk in self.exports.download(self.project, made["id"], **options):
            digest.update(chunk)
            file.write(chunk)
        file.seek(0)
        if made["md5"] and digest.hexdigest() != made["md5"]:
            raise ValueError("the download is not what the server wrote")


def _tasks(file: IO[str]) -> Iterator[dict[str, Any]]:
    """The tasks of a list, one by one, as the json module reads them: other parsers limit integers, or mend texts."""
    decode = json.JSONDecoder().raw_decode
    text, place = "", 0
    while True:
        place = BETWEEN.match(text, place).end()  # type: ignore[union-attr]
        try:
            task, place = decode(text, place)
            yield task
        except json.JSONDecodeError as error:
            more = file.read(max(CHUNK, len(text)))
            if not more and text[place:].strip() == "]":
                return
            if not more:
                raise WorkbenchError(f"the snapshot is no list of tasks ({error.msg})") from error
            text, place = text[place:] + more, 0
