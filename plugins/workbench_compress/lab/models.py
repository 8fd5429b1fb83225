"""The torch models of a search: the baseline model, trimmed, pruned, and trained to recover."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from workbench.api import Model
from workbench.api.machine import multiplies_bfloat16
from workbench_compress.candidates.candidate import Version
from workbench_compress.lab.data import SearchData
from workbench_compress.lab.workshop import Workshop
from workbench_compress.space.architecture import Space


@dataclass(frozen=True)
class Step:
    """How a version comes about.

    Args:
        source: gives the model that the pass takes.
        using: the pass.
        options: of the pass.
        shared: the scratch folder that its steps share, None where each has its own.
    """

    source: Callable[[], Model]
    using: str
    options: Mapping[str, Any]
    shared: str | None = None


@dataclass(frozen=True)
class Models:
    """Makes each version once, from the version before.

    Args:
        lab: keeps what is made.
        given: the model that the search starts from.
        space: of the passes that prune.
        data: texts that a trimmed vocabulary keeps, and texts to learn from.
        trim: the pass that trims, None where there is none.
        recover: the pass that trains, None where there is none.
    """

    lab: Workshop
    given: Model
    space: Space
    data: SearchData
    trim: str | None = None
    recover: str | None = None

    def model(self, version: Version) -> Model:
        """The model of a version.

        Raises:
            WorkbenchError: as the passes do.
        """
        step = self._step(version)
        if step is None:
            return self.given
        return self.lab.passed(version.name(self.space), step.source, step.using, shared=step.shared, **step.options)

    def is_finished(self, version: Version) -> bool:
        """Whether an earlier search, or this one, has made the version with the options of this one."""
        if version.rounds and self.recover is None:
            return False
        step = self._step(version)
        return step is None or self.lab.has_passed(version.name(self.space), step.using, step.options)

    def _step(self, version: Version) -> Step | None:
        """The last step of a version; None for the model that the search starts from."""
        if version.rounds:
            assert self.recover is not None
            before = partial(self.model, dataclasses.replace(version, rounds=version.rounds[:-1]))
            options = self.lab.known_options(self.recover, training_options(version.rounds[-1], self.data.unlabelled))
            return Step(before, self.recover, options, shared=self.recover)  # its steps share a teacher
        if version.pruned:
            step = self.space.last_step(version.architecture)
            before = partial(self.model, dataclasses.replace(version, architecture=step.source))
            return Step(before, step.using, step.options)
        if version.trimmed:
            assert self.trim is not None
            options = {"common": version.tokens}
            if self.data.background:
                options |= {"background": self.data.background}
            return Step(lambda: self.given, self.trim, self.lab.known_options(self.trim, options))
        return None


def training_options(epochs: int, unlabelled: str | None) -> dict[str, Any]:
    """Options of a round of recovery training: all its epochs, and in bfloat16 where the CPU is made for it."""
    return {"epochs": epochs, "patience": None, "bf16": multiplies_bfloat16(), "extra": unlabelled}
