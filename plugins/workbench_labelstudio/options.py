"""Options of the readers, for the command line and for recipes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.api import option


@dataclass(frozen=True)
class TaskOptions:
    """Which parts of a task make an utterance, wherever the tasks come from."""

    text: str = option("text", "key of the task's data that holds the text")
    control: str | None = option(
        None, "name of the Choices or Taxonomy control that asks for the intent; none = the only one"
    )
    taxonomy: Literal["leaf", "path"] = option(
        "leaf", "which part of a taxonomy's path is the intent: its last name, or all of it (a hierarchical intent)"
    )
    policy: str | None = option(
        None, "how several annotations become one intent; none = the default policy", registry="consolidations"
    )
    weights: dict[str, float] | None = option(
        None,
        "of annotators by id or email, for a policy that weighs them (others weigh 1); none = how often each agrees "
        "with the majority of the others",
    )
    several: Literal["refuse", "first", "explode"] = option(
        "refuse",
        "what to do with annotations of several intents: refuse; keep the first; explode into an utterance for each "
        "(which the cleaner conflicts would take out of train again)",
    )
    empty: Literal["leave-out", "out-of-scope"] = option(
        "leave-out",
        "what a submitted annotation without an intent says: nothing, leave-out; or that the text is out of scope",
    )
    split_key: str | None = option(None, "key of data or meta that holds train, dev or test")
    group_key: str | None = option(None, "key of data or meta whose rows stay in one split: conversation, customer")
    language_key: str | None = option(None, "key of data or meta that holds a text's language, an ISO 639-1 code")
    language: str | None = option(None, "ISO 639-1 code of the texts, of those without one under language_key too")
