"""Label Studio: its JSON exports become datasets, every task that is left out counted by its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from workbench import hookimpl
from workbench.offers import Reader
from workbench.options import option

if TYPE_CHECKING:
    from collections.abc import Mapping


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


@hookimpl
def readers() -> Mapping[str, Reader]:
    """The reader of export files."""
    return {
        "labelstudio-export": Reader(
            run="workbench_labelstudio.export:read_export",
            options=TaskOptions,
            summary="a Label Studio JSON export, also gzipped",
        )
    }
