"""The labels of a mirror as a digest: it changes when a label does, and not when somebody opens a task."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench_labelstudio.pull.mirror import Mirror

OF_A_TASK = ("id", "data", "meta")
OF_AN_ANNOTATION = ("id", "result", "was_cancelled", "ground_truth", "completed_by")


class LabelDigest:
    """The digest of a mirror's labels, kept as long as neither the mirror nor the label config changes.

    Args:
        mirror: of the project.
    """

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self._known: tuple[object, tuple[str, int]] | None = None

    def compute(self, label_config: str) -> tuple[str, int]:
        """See `label_digest`."""
        key = (self.mirror.version, label_config)
        if self._known is None or self._known[0] != key:
            self._known = key, label_digest(self.mirror, label_config)
        return self._known[1]


def label_digest(mirror: Mirror, label_config: str) -> tuple[str, int]:
    """Give sha256 of the label config and of every task that has an annotation, skips included; and their number.

    Times are left out, but not the order in which the annotations of a task were made: the latest one may count.
    """
    digest, labelled = hashlib.sha256(label_config.encode()), 0
    for task in mirror.tasks():
        if not task["annotations"]:
            continue
        labelled += 1
        annotations = sorted(task["annotations"], key=lambda annotation: (annotation["updated_at"], annotation["id"]))
        rows: list[Any] = [[annotation.get(key) for key in OF_AN_ANNOTATION] for annotation in annotations]
        text = json.dumps([*[task.get(key) for key in OF_A_TASK], rows], sort_keys=True)
        digest.update(text.encode() + b"\n")
    return digest.hexdigest(), labelled
