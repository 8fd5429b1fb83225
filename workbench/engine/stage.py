"""A stage of a run: its function, its inputs and its cache key."""

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

Inputs = Mapping[str, Path]  # stage name -> folder of the stage's output
Work = Callable[[Inputs, Path, Context], Mapping[str, float]]


@dataclass(frozen=True)
class Stage:
    """A unit of work with a cache key: the digest of everything that determines its output.

    Args:
        name: name, unique in the run.
        kind: see `StageRecord`.
        work: `(inputs, out, context) -> metrics`; writes the folder `out`.
        steps: configs of the components that the stage calls.
        needs: names of the stages whose outputs the stage reads.
        settings: other values that determine the output, as JSON.
        outside: function that returns name -> digest of other files that the stage reads; called for each key.
        calls: other hooks whose components the stage calls, see `Component.calls`. A stage that predicts or bundles
            lists `runtimes`.
        remote: whether the source's content is unknown before the source is read. Such a stage is executed in every
            run; an unchanged output is published only once.
        reusable: function that decides whether a sibling run's output with the same key may be copied.
        reused: function that is called with the folder of a copied output before it is published.
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
        """Compute the cache key: the sha256 of everything that determines the output.

        Args:
            host: the host, for versions and sources of the plugins.
            seed: seed of the run.
            inputs: stage name -> digest of the stage's output.
            work_only: compute the key of the scratch folder, which does not depend on options with
                `affects_cache=False`.
        """
        owners = {step.name: host.plugin_digest(host.registry(step.hook).owners[step.name]) for step in self.steps}
        hooks = {*self.calls, *(hook for step in self.steps for hook in step.component.calls)}
        called = sorted(hooks | {"normalizations"} if "runtimes" in hooks else hooks)  # predictors normalize texts
        components = [step.component for step in self.steps]
        registered = [component for hook in called if hook in REGISTRIES for component in host.registry(hook).values()]
        components += [component for component in registered if isinstance(component, Component)]
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
    """Return the installed version of a distribution; None if the distribution is not installed."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


@lru_cache(maxsize=1)
def host_digest() -> str:
    """Compute the sha256 of the host's version and of those sources that can change the output of a stage."""
    root = Path(__file__).resolve().parents[1]
    parts = [root / name for name in ("engine", "io", "nouns", "quality", "serving", "stages", "text", "torch")]
    files = [*sorted(root.glob("*.py")), root / "report" / "markup.py"]  # the model card uses `intent_label`
    return digest_json([workbench.__version__, *map(digest_sources, parts), *map(digest_file, files)])
