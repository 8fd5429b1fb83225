"""What a local copy remembers of the predictions that were pushed from it: of which model they are, and of which texts.

So a text that was edited since gets a new prediction, and a version is known for ours. What it does not know of, since
another local copy pushed it or a served bundle gave it, is held against what the model says now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench_labelstudio.pull.mirror import Mirror

PUSHES = "pushes"  # note in the mirror: version -> what was pushed
CLOSE = 0.02  # scores that differ less are the same: a quantized model's depend a little on what else it is asked


@dataclass(frozen=True)
class Pushes:
    """What was pushed as one version.

    Args:
        name: of the model.
        model: twelve digits that stand for exactly this model.
        control: that the predictions answer.
        texts: task -> digest of the text that the model was asked for.
    """

    name: str
    model: str
    control: str
    texts: Mapping[int, str] = field(default_factory=dict)


def noted_pushes(mirror: Mirror) -> dict[str, Pushes]:
    """Each version that was pushed and not removed since."""
    noted = mirror.noted(PUSHES) or {}
    return {
        version: Pushes(**entry | {"texts": {int(task): digest for task, digest in entry["texts"].items()}})
        for version, entry in noted.items()
    }


def note_pushes(mirror: Mirror, version: str, pushes: Pushes | None) -> None:
    """Remember what was pushed as a version; None forgets it."""
    noted = mirror.noted(PUSHES) or {}
    noted.pop(version, None)
    mirror.note(PUSHES, noted | ({version: asdict(pushes)} if pushes else {}))


def text_digest(text: str) -> str:
    """Stands for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def agrees(stands: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    """Whether a prediction on the server says what the model does."""
    labels = [[(part["from_name"], part["value"]) for part in one["result"]] for one in (stands, said)]
    return labels[0] == labels[1] and abs((stands["score"] or 0.0) - said["score"]) < CLOSE
