"""A component: what a plugin registers under a name through one of the named hooks.

The `run` of a component is a function or its address `"package.module:function"`. An address is imported when the
component is first called, so that importing a plugin stays cheap. `workbench.protocols` has the call of each kind.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.errors import DISTRIBUTION, MissingExtra, install_line
from workbench.options import NoOptions

# each hook gives a mapping of names to components
REGISTRIES = (
    "readers",
    "cleaners",
    "augmenters",
    "encoders",
    "trainers",
    "passes",
    "metrics",
    "budgets",
    "executors",
    "mounts",
    "runtimes",
    "normalizations",
    "consolidations",
    "agreements",
    "selectors",
)


@dataclass(frozen=True, kw_only=True)
class Component:
    """Something that a recipe can name.

    Args:
        run: the function, or its address `"package.module:function"`.
        summary: one line for `--help`.
        options: a frozen dataclass of options (see `workbench.options`).
        extra: the extra of the distribution that brings the libraries it imports; "" = the distribution alone does.
        distribution: the one that the extra is of; "" = the plugin's own, which the host fills in.
        libraries: distributions whose version is part of a stage's key.
        machine: whether the output depends on this machine's CPU, which is then part of the key too.
        calls: hooks whose components it calls; their plugins and libraries are then part of the key, too.
    """

    run: Callable[..., Any] | str
    summary: str
    options: type = NoOptions
    extra: str = ""
    distribution: str = ""
    libraries: tuple[str, ...] = ()
    machine: bool = False
    calls: tuple[str, ...] = ()

    def __call__(self, *args: Any) -> Any:
        """Call `run`; a library that is missing is reported with the command that installs it."""
        return self.function(self.run)(*args)

    def function(self, run: Callable[..., Any] | str) -> Callable[..., Any]:
        """The function behind `run`, or behind another address of this component, see `resolve`."""
        return resolve(run, self.extra, self.distribution or DISTRIBUTION)

    @property
    def install_line(self) -> str:
        """The command that installs its libraries."""
        return install_line(self.extra, self.distribution or DISTRIBUTION)


def resolve(run: Callable[..., Any] | str, extra: str, distribution: str = DISTRIBUTION) -> Callable[..., Any]:
    """The function behind `run`, whose libraries the extra of the distribution brings.

    Raises:
        MissingExtra: a library that its module imports is not installed.
    """
    if callable(run):
        return run
    module, _, name = run.partition(":")
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == module.partition(".")[0]:
            raise
        raise MissingExtra(f"{missing} is not installed", extra, distribution) from error
    return function
