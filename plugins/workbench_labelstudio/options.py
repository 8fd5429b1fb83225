"""Options of the readers and verbs; recipes take those of the readers."""

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


@dataclass(frozen=True)
class ServerOptions:
    """Which server has the project; no option is part of a key."""

    url: str | None = option(
        None, "the server; none = LABEL_STUDIO_URL, else the one that was connected last", affects_output=False
    )
    token_file: str | None = option(
        None,
        'a file, mode 0600, that holds the token, "-" for standard input; none = LABEL_STUDIO_API_KEY if it is for the '
        "server that LABEL_STUDIO_URL names, else what `connect` stored",
        affects_output=False,
    )


@dataclass(frozen=True)
class MirrorOptions(ServerOptions):
    """Which server has the project, and where its local copy is."""

    mirror: str | None = option(
        None, "folder of the local copy of the project; none = one in the user's data folder", affects_output=False
    )


@dataclass(frozen=True)
class ProjectOptions(MirrorOptions, TaskOptions):
    """Which server has the project, and what makes an utterance."""


@dataclass(frozen=True)
class CreateOptions(ServerOptions):
    """Which project gets the texts, and what goes along."""

    title: str = option("", "title of the project, which is made if there is none")
    control: str | None = option(None, "name of the control that asks for the intent; none = the only one")
    overlap: int | None = option(None, "how many annotators see each text; none = 1, or as it is", ge=1)
    labels: bool = option(True, "upload the texts with their labels")


@dataclass(frozen=True)
class PredictionOptions(MirrorOptions):
    """Which control the predictions answer, and whether they are written."""

    control: str | None = option(
        None, "name of the control that asks for the intent; none = the one that has the most of the model's intents"
    )
    text: str | None = option(None, "key of the tasks' data that holds the text; none = what the control asks about")
    dry_run: bool = option(False, "say what would be done, and write nothing to the server")


@dataclass(frozen=True)
class PushOptions(PredictionOptions):
    """Which predictions `push` writes, and which it removes."""

    version: str | None = option(
        None, "model version to write; none = the name of the run or folder, and the model's id"
    )
    only: Literal["all", "unlabelled"] = option("all", "which tasks get a prediction")
    keep_stale: bool = option(False, "leave the earlier versions of this model's name")
    show: bool = option(True, "let annotators see the predictions; else they see what they saw")


@dataclass(frozen=True)
class QueueOptions(PredictionOptions):
    """Which tasks `queue` puts first."""

    by: str | None = option(None, "which unlabelled tasks come first", registry="selectors")
    size: int = option(50, "tasks in the queue", ge=1)
    doubtful: int = option(0, "labelled tasks to look at again", ge=0)


@dataclass(frozen=True)
class WatchOptions(MirrorOptions):
    """How often `watch` looks, and when it runs the recipe."""

    debounce: float = option(30.0, "quiet seconds before a run", ge=0)
    poll: float = option(300.0, "seconds between two pulls without a hint", ge=1)
    once: bool = option(False, "pull once, train if labels changed, and end with the run's exit code")
