"""The models of a search: the baseline model, trimmed, pruned, and trained to recover; and their exports."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
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
class Step:
    """How a version comes about.

    Args:
        source: the version that the pass takes.
        using: the pass.
        options: of the pass.
        shared: the scratch folder that its steps share, None where each has its own.
    """

    source: Version
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
        source = self.model(step.source)
        return self.lab.passed(version.name(self.space), source, step.using, step.options, step.shared)

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
        step = self._step(version)
        return step is not None and self.lab.has_passed(version.name(self.space), step.using, step.options)

    def _step(self, version: Version) -> Step | None:
        """The last step of a version; None for the model that the search starts from."""
        if version.rounds:
            assert self.recover is not None
            before = dataclasses.replace(version, rounds=version.rounds[:-1])
            options = self.lab.known_options(self.recover, training_options(version.rounds[-1], self.data.unlabelled))
            return Step(before, self.recover, options, shared=self.recover)  # its steps share a teacher
        if version.pruned:
            source, using, chosen = self.space.last_step(version.architecture)
            return Step(dataclasses.replace(version, architecture=source), using, chosen)
        if version.trimmed:
            assert self.trim is not None
            options = {"common": version.tokens}
            if self.data.background:
                options |= {"background": self.data.background}
            before = dataclasses.replace(version, tokens=None)
            return Step(before, self.trim, self.lab.known_options(self.trim, options))
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
