"""The torch models of a search: the baseline model, trimmed, pruned, and trained to recover."""

from __future__ import annotations

import dataclasses
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
        name = version.name(self.space)
        if version.rounds:
            assert self.recover is not None
            before = partial(self.model, dataclasses.replace(version, rounds=version.rounds[:-1]))
            options = self.lab.known_options(self.recover, training_options(version.rounds[-1], self.data.unlabelled))
            return self.lab.passed(name, before, self.recover, shared=self.recover, **options)  # they share a teacher
        if version.pruned:
            step = self.space.last_step(version.architecture)
            before = partial(self.model, dataclasses.replace(version, architecture=step.source))
            return self.lab.passed(name, before, step.using, **step.options)
        if version.trimmed:
            assert self.trim is not None
            options = {"common": version.tokens}
            if self.data.background:
                options |= {"background": self.data.background}
            return self.lab.passed(name, lambda: self.given, self.trim, **self.lab.known_options(self.trim, options))
        return self.given


def training_options(epochs: int, unlabelled: str | None) -> dict[str, Any]:
    """Options of a round of recovery training: all its epochs, and in bfloat16 where the CPU is made for it."""
    return {"epochs": epochs, "patience": None, "bf16": multiplies_bfloat16(), "extra": unlabelled}
