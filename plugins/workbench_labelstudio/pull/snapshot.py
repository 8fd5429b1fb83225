"""All tasks at once: the server writes them into a file, an export snapshot, which is downloaded and deleted there.

Without Redis the server does this inside the request that asks for it, so a proxy may cut the answer off though the
snapshot is being made. Its title, which the mirror stores before the request, finds the snapshot again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.api import WorkbenchError
from workbench_labelstudio.http.connection import NotFound, Unconfirmed
from workbench_labelstudio.http.request_stats import server_time

if TYPE_CHECKING:
    from workbench_labelstudio.http.connection import Connection
    from workbench_labelstudio.pull.mirror import Mirror

NOTE = "snapshot"
COMPLETED, FAILED = "completed", "failed"
ENDED = (COMPLETED, FAILED)
PATIENCE = 900.0  # seconds until a snapshot is ready
PATIENCE_WITH_OLD = 60.0  # with one that an earlier pull asked for: the server may have stopped since
ASK_AGAIN = 2.0
LOST = timedelta(seconds=PATIENCE)  # one that is not ready after that time never will be
BATCH = 500
CHUNK = 1 << 20  # characters
BETWEEN = re.compile(r"[\s,\[]*")  # between two tasks of the list
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """A snapshot as the server lists it."""

    id: int
    status: str
    md5: str
    age: timedelta


class Snapshots:
    """The snapshots of a project that a mirror has asked for.

    Args:
        connection: to the server.
        project: its id.
        mirror: remembers the titles of the snapshots that may be on the server, the latest at the end.
    """

    def __init__(self, connection: Connection, project: int, mirror: Mirror) -> None:
        self.connection, self.project, self.mirror = connection, project, mirror
        self.exports, self.where = connection.client.projects.exports, f"{connection.url}/projects/{project}"

    @contextmanager
    def batches(self, resumes: bool) -> Iterator[Iterator[list[dict[str, Any]]]]:
        """Batches of all tasks by rising id, as of one moment; afterwards the downloaded file is gone.

        Args:
            resumes: whether the snapshot of an earlier pull that did not end may be used.

        Raises:
            WorkbenchError: this server gives none, or not in time.
        """
        made = self._ready(resumes)
        file = self.mirror.folder / "snapshot.json"
        try:
            self._download(made, file)
            tasks = _tasks(file)
            yield iter(lambda: list(islice(tasks, BATCH)), [])
        finally:
            file.unlink(missing_ok=True)

    def sweep(self) -> list[str]:
        """Delete the snapshots that are left on the server.

        One that may still be in the making would come back, so that it stays for the next sweep.

        Returns:
            What the user has to know, for each that could not be deleted.
        """
        titles, left, findings = self._titles(), [], []
        for title in titles:
            try:
                found = self._find(title)
                if found and found.status not in ENDED and found.age < LOST:
                    left.append(title)
                elif found:
                    self._delete(found.id)
            except WorkbenchError as error:
                left.append(title)
                findings.append(f"the export snapshot {title!r} could not be deleted on the server: {error.what}")
        if left != titles:
            self.mirror.note(NOTE, left)
        return findings

    def _titles(self) -> list[str]:
        return list(self.mirror.noted(NOTE) or ())

    def _ready(self, resumes: bool) -> Snapshot:
        """A snapshot that can be downloaded: the one that an earlier pull asked for, else a new one."""
        titles, patience = self._titles(), PATIENCE_WITH_OLD
        title = titles[-1] if resumes and titles else ""
        found = self._find(title) if title else None
        if not found:
            title, patience = f"intent-workbench-{secrets.token_hex(8)}", PATIENCE
            self.mirror.note(NOTE, [*titles, title])
            self._create(title)
            found = self._find(title)
        deadline = time.monotonic() + patience
        while found and found.status not in ENDED and time.monotonic() < deadline:
            time.sleep(ASK_AGAIN)
            found = self._find(title)
        if not found or found.status != COMPLETED:
            what = f"the server has made none ({found.status if found else 'it is gone'})"
            raise WorkbenchError(what, where=self.where)
        return found

    def _create(self, title: str) -> None:
        """Have a snapshot made.

        Raises:
            WorkbenchError: the server cannot. It tells that in its answer alone: its list goes on saying that one that
                failed is in progress.
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

    def _find(self, title: str) -> Snapshot | None:
        answer = self.connection.get(f"api/projects/{self.project}/exports/")
        for export in answer.json:
            if export["title"] == title:
                made = datetime.fromisoformat(export["created_at"])
                age = (server_time(answer.headers) or made) - made
                return Snapshot(export["id"], export["status"], export["md5"], age)
        return None

    def _delete(self, export: int) -> None:
        with suppress(NotFound):
            self.connection.call(self.exports.delete, self.project, export, where=self.where)

    def _download(self, made: Snapshot, file: Path) -> None:
        def save(request_options: Any) -> None:
            digest = hashlib.md5(usedforsecurity=False)  # the server gives the MD5 of the file
            with open(file, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
                for chunk in self.exports.download(
                    self.project, made.id, export_type="JSON", request_options=request_options
                ):
                    digest.update(chunk)
                    out.write(chunk)
            if made.md5 and digest.hexdigest() != made.md5:
                raise ValueError("the download is not what the server wrote")

        self.connection.call(save, where=self.where)


def _tasks(file: Path) -> Iterator[dict[str, Any]]:
    """The tasks of a list, one by one, as the json module reads them: other parsers limit integers, or mend texts."""
    decode = json.JSONDecoder().raw_decode
    with file.open(encoding="utf-8", newline="") as opened:
        text, place = "", 0
        while True:
            place = BETWEEN.match(text, place).end()  # type: ignore[union-attr]
            try:
                task, place = decode(text, place)
                yield task
            except json.JSONDecodeError as error:
                more = opened.read(max(CHUNK, len(text)))
                if not more and text[place:].strip() == "]":
                    return
                if not more:
                    raise WorkbenchError(f"the snapshot is no list of tasks ({error.msg})", where=file) from error
                text, place = text[place:] + more, 0
