"""Options of the readers, for the command line and for recipes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.options import option


@dataclass(frozen=True)
class TaskOptions:
    """Which parts of a task make an utterance, wherever the tasks come from."""

    text: str = option("text", "key of the task's data that holds the text")
    control: str | None = option(None, "name of the Choices control that asks for the intent; none = the only one")
    policy: Literal["ground-truth", "majority", "latest"] = option(
        "ground-truth", "how several annotations become one intent: ground-truth, else the majority; majority; latest"
    )
    split_key: str | None = option(None, "key of data or meta that holds train, dev or test")
    group_key: str | None = option(None, "key of data or meta whose rows stay in one split: conversation, customer")
    language: str | None = option(None, "ISO 639-1 code of the texts")
