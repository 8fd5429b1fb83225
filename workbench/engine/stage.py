"""A stage of a run: what it does, what it reads, and what its key is made of."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import workbench
from workbench.component import REGISTRIES, Component
from workbench.context import Context
from workbench.io.digests import digest_file, digest_json, digest_sources
from workbench.machine import describe, multiplies_bfloat16

if TYPE_CHECKING:
    from workbench.engine.run import StageRecord
    from workbench.engine.sections import ComponentConfig
    from workbench.host import Host

Inputs = Mapping[str, Path]  # stage name -> the folder of its output
Work = Callable[[Inputs, Path, Context], Mapping[str, float]]


@dataclass(frozen=True)
class Stage:
    """A unit of work whose output is addressed by the content of everything that goes into it.

    Args:
        name: unique in the run.
        kind: see `StageRecord`.
        work: `(inputs, out, context) -> metrics`; writes the folder `out`.
        steps: the offers that it calls.
        needs: names of the stages whose output it reads.
        settings: JSON that determines the output beside the steps.
        outside: digests of files that it reads beside the steps' options, by name; called when the key is made.
        calls: hooks whose components it calls beside its steps, see `Component.calls`; `runtimes` where it predicts
            or bundles.
        remote: its source cannot be keyed before it is read: it works in every run, and is keyed by its output.
        reusable: whether the output of another run, which has the same key, may stand for its own.
        reused: called with such an output before it is published.
    """

    name: str
    kind: str
    work: Work
    steps: Sequence[ComponentConfig] = ()
    needs: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    outside: Callable[[], Mapping[str, str]] = dict
    calls: tuple[str, ...] = ()
    remote: bool = False
    reusable: Callable[[StageRecord], bool] = lambda _: True
    reused: Callable[[Path], object] = lambda _: None

    def key(self, host: Host, seed: int, inputs: Mapping[str, str], *, work_only: bool = False) -> str:
        """sha256 over everything that determines the output.

        Args:
            host: for the versions and sources of the plugins.
            seed: of the run.
            inputs: stage name -> digest of its output.
            work_only: leave out what the scratch folder does not depend on: it is found again under this key.
        """
        owners = {step.name: host.plugin_digest(host.registry(step.hook).owners[step.name]) for step in self.steps}
        hooks = {*self.calls, *(hook for step in self.steps for hook in step.component.calls)}
        called = sorted(hooks | {"normalizations"} if "runtimes" in hooks else hooks)  # predictors normalize
        components = [step.component for step in self.steps]
        reached = [component for hook in called if hook in REGISTRIES for component in host.registry(hook).values()]
        components += [component for component in reached if isinstance(component, Component)]
        libraries = sorted({library for component in components for library in component.libraries})
        machine = {**describe(), "bfloat16": multiplies_bfloat16()}
        return digest_json(
            {
                "host": host_digest(),
                "kind": self.kind,
                "seed": seed,
                "inputs": dict(inputs),
                "plugins": owners,
                "called": {hook: host.hook_digest(hook) for hook in called},
                "steps": [step.identity(host, work_only=work_only) for step in self.steps],
                "settings": dict(self.settings),
                "libraries": {library: version(library) for library in libraries},
                "outside": dict(self.outside()),
                "machine": machine if any(component.machine for component in components) else {},
            }
        )


def version(distribution: str) -> str | None:
    """The installed version of a distribution, None when it is not there."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


@lru_cache(maxsize=1)
def host_digest() -> str:
    """sha256 over the host's version and sources, but for those that only talk to people."""
    root = Path(__file__).resolve().parents[1]
    parts = [root / name for name in ("engine", "io", "nouns", "quality", "serving", "stages", "text", "torch")]
    files = [*sorted(root.glob("*.py")), root / "report" / "markup.py"]  # the markup of intents is in the model card
    return digest_json([workbench.__version__, *map(digest_sources, parts), *map(digest_file, files)])
