"""The models of a search: the baseline model, trimmed, pruned, and trained to recover; and their exports."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from workbench.api import Model
from workbench.api.machine import multiplies_bfloat16
from workbench_compress.candidates.candidate import Version
from workbench_compress.lab.data import SearchData
from workbench_compress.lab.workshop import Workshop
from workbench_compress.space.architecture import Space
from workbench_compress.space.chain import Chain


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
        if (step := self._last_step(version)) is None:
            return self.given
        source, using, options = step
        shared = using if version.rounds else None  # trainings share a teacher
        return self.lab.passed(version.name(self.space), self.model(source), using, options, shared)

    def served(self, version: Version, chain: Chain) -> Model:
        """What a chain makes of a version.

        Raises:
            WorkbenchError: as the passes do.
        """
        return export(self.lab, chain, version.name(self.space), self.model(version))

    def made(self, bases: Iterable[Version], epochs: int) -> Iterator[Version]:
        """The pruned versions that an earlier search has made with the options of this one.

        Args:
            bases: that may be pruned.
            epochs: of the first round of training.
        """
        for base in bases:
            for architecture in self.space.grid()[1:]:
                version = dataclasses.replace(base, architecture=architecture)
                while self._is_made(version):
                    yield version
                    version = version.after_round(epochs)

    def _is_made(self, version: Version) -> bool:
        if version.rounds and self.recover is None:
            return False
        step = self._last_step(version)
        return step is not None and self.lab.has_passed(version.name(self.space), *step[1:])

    def _last_step(self, version: Version) -> tuple[Version, str, dict[str, Any]] | None:
        """By what a version comes about: the version before, the pass, and its options; None for the given model."""
        if version.rounds:
            assert self.recover is not None
            before = dataclasses.replace(version, rounds=version.rounds[:-1])
            options = training_options(version.rounds[-1], self.data.unlabelled)
            return before, self.recover, self.lab.known_options(self.recover, options)
        if version.pruned:
            source, using, options = self.space.last_step(version.architecture)
            return dataclasses.replace(version, architecture=source), using, options
        if version.trimmed:
            assert self.trim is not None
            background = {"background": self.data.background} if self.data.background else {}
            options = self.lab.known_options(self.trim, {"common": version.tokens, **background})
            return dataclasses.replace(version, tokens=None), self.trim, options
        return None


def export(lab: Workshop, chain: Chain, name: str, model: Model) -> Model:
    """What a chain makes of a torch model of that name; chains share their first steps."""
    for link in chain.links:
        name = "-".join([name, link.using, *(str(value) for _, value in link.options)])
        model = lab.passed(name, model, link.using, dict(link.options))
    return model


def training_options(epochs: int, unlabelled: str | None) -> dict[str, Any]:
    """Options of a round of recovery training: all its epochs, and in bfloat16 where the CPU is made for it."""
    return {"epochs": epochs, "patience": None, "bf16": multiplies_bfloat16(), "extra": unlabelled}
