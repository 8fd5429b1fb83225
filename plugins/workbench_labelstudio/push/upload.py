"""A dataset's texts as tasks of a project, each text once.

A text counts as there if a task of the project holds it, as it is or as it was imported, case and white space aside.
So an upload that was killed goes on from where it stood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.api import Log, WorkbenchError, silent
from workbench.api.io import is_blank
from workbench.api.text import text_key, well_formed
from workbench_labelstudio.http.listing import LIGHT, count_tasks, list_tasks
from workbench_labelstudio.push.send_once import RUN_AGAIN, chunks, send_once

if TYPE_CHECKING:
    from workbench.api import Dataset, Intent, Utterance
    from workbench_labelstudio.http.connection import Connection

CHUNK_TASKS, CHUNK_BYTES = 500, 512 * 1024
IMPORT_TIMEOUT = 300.0
PAGE = 500
HELD_OUT = ("test", "dev", "train", None)


@dataclass(frozen=True)
class Text:
    """A text to upload.

    Args:
        row: of the dataset; of several with this text one that is held out, so that nothing leaks into train.
        keys: `text_key` of the text, and of what was imported.
        intents: what the rows agree on; None = they are unlabelled, or do not agree.
    """

    row: Utterance
    keys: frozenset[str]
    intents: tuple[Intent, ...] | None


def texts_of(dataset: Dataset) -> tuple[list[Text], dict[str, int]]:
    """Each text of a dataset once, in the order of the rows, and how many rows were left out by reason.

    Reasons: `augmented` (made up), `blank`, `duplicate`; `conflicting` counts texts whose labels contradict each other:
    they are uploaded without.
    """
    counts: Counter[str] = Counter(rows=len(dataset), augmented=0, blank=0, duplicate=0, conflicting=0)
    rows: dict[str, list[Utterance]] = {}
    for row in dataset:
        if row.origin != "import":
            counts["augmented"] += 1
        elif is_blank(row.text):
            counts["blank"] += 1
        else:
            rows.setdefault(text_key(row.text), []).append(row)
    texts = []
    for key, same in rows.items():
        labels = {frozenset(row.intents): row.intents for row in same if row.intents is not None}
        counts["duplicate"] += len(same) - 1
        counts["conflicting"] += len(labels) > 1
        first = min(same, key=lambda row: HELD_OUT.index(row.split))
        keys = frozenset({key, *(text_key(row.raw) for row in same)})
        texts.append(Text(first, keys, next(iter(labels.values())) if len(labels) == 1 else None))
    return texts, dict(counts)


def keys_on_server(connection: Connection, project: int, data_key: str, after: int = 0) -> tuple[Counter[str], int]:
    """How often each text stands in a project's tasks, by `text_key`, and the largest id of a task.

    Args:
        connection: to the server.
        project: its id.
        data_key: where a task's data holds its text.
        after: only tasks with a larger id.
    """
    keys: Counter[str] = Counter()
    for page in list_tasks(connection, project, fields=LIGHT, page=PAGE, after=after):
        keys.update(text_key(str(task["data"].get(data_key, ""))) for task in page)
        after = page[-1]["id"]
    return keys, after


class Upload:
    """The upload of texts into one project.

    Args:
        connection: to the server.
        project: its id.
        data_key: where a task's data holds its text.
        result: intents -> the result of an annotation; None uploads no labels.
    """

    def __init__(
        self,
        connection: Connection,
        project: int,
        data_key: str,
        result: Callable[[tuple[Intent, ...]], list[dict[str, Any]]] | None,
    ) -> None:
        self.connection, self.project, self.data_key, self.result = connection, project, data_key, result
        self.where = f"{connection.url}/projects/{project}"
        self.last = 0  # the largest id of a task that is known

    def run(self, texts: Sequence[Text], last: int, log: Log = silent) -> None:
        """Upload texts, none of which the project holds.

        Args:
            texts: to upload.
            last: the largest id of a task before.
            log: shows progress.

        Raises:
            WorkbenchError: the server refuses, or does not answer; or the project does not hold what it should.
        """
        self.last = last
        before = count_tasks(self.connection, self.project)
        parts = chunks(texts, CHUNK_TASKS, CHUNK_BYTES, self._task)
        send_once(parts, len(texts), self._send, self._lacking, log)
        if count_tasks(self.connection, self.project) != before + len(texts):
            self._check(texts, last)

    def _send(self, texts: Sequence[Text]) -> None:
        answer = self.connection.call(
            self.connection.client.projects.import_tasks,
            self.project,
            request=[self._task(text) for text in texts],
            return_task_ids=True,
            where=self.where,
            repeat=False,
            timeout=IMPORT_TIMEOUT,
        )
        self.last = max([self.last, *(getattr(answer, "task_ids", None) or [])])

    def _lacking(self, texts: Sequence[Text]) -> list[Text]:
        """The texts that no task holds which the server has made since the last chunk."""
        there, _ = keys_on_server(self.connection, self.project, self.data_key, self.last)
        return [text for text in texts if not text.keys & there.keys()]

    def _check(self, texts: Sequence[Text], first: int) -> None:
        there, _ = keys_on_server(self.connection, self.project, self.data_key, first)
        counts = [sum(there[key] for key in text.keys) for text in texts]
        if missing := counts.count(0):
            raise WorkbenchError(
                f"{missing:,} of {len(texts):,} texts are not on the server yet",
                where=self.where,
                remedy=RUN_AGAIN,
            )
        if twice := sum(count > 1 for count in counts):
            raise WorkbenchError(
                f"{twice:,} texts stand twice: the server did late what it seemed not to do, or somebody else imports",
                where=self.where,
                remedy="Delete one of each in the Data Manager",
            )

    def _task(self, text: Text) -> dict[str, Any]:
        row = text.row
        meta = {"id": row.id, "split": row.split, "group": row.group, "language": row.language}
        task: dict[str, Any] = {
            "data": {self.data_key: well_formed(row.text)},
            "meta": {name: value for name, value in meta.items() if value is not None},
        }
        if self.result and text.intents is not None:
            # without ground_truth the server would take it for the right answer
            task["annotations"] = [{"result": self.result(text.intents), "ground_truth": False}]
        return task
