"""Components: functions with options that plugins register under a name through the named hooks.

The `run` of a component is a function or its import path `"package.module:function"`. The host imports this path at the
first call, so that importing a plugin stays cheap. `workbench.protocols` declares the signature of each kind.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from workbench.errors import DISTRIBUTION, MissingExtra, install_line
from workbench.options import NoOptions

# hooks that return a mapping of names to components
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
    """A registered function that a recipe can name.

    Args:
        run: the function, or its import path `"package.module:function"`.
        summary: one line for `--help`.
        options: a frozen dataclass of options (see `workbench.options`).
        extra: the extra of `distribution` that installs the imported libraries; "" = no extra is needed.
        distribution: the distribution that has this extra; "" = the plugin's own, which the host fills in.
        libraries: distributions whose version is part of a stage's key.
        machine: whether the output depends on this machine's CPU. If so, the CPU is part of the key.
        calls: hooks whose components this component calls. Their plugins and libraries are part of the key.
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
        """Call `run`; a missing library raises `MissingExtra` with the command that installs the library."""
        return self.function(self.run)(*args)

    def function(self, run: Callable[..., Any] | str) -> Callable[..., Any]:
        """Return the function behind `run`, or behind another import path of this component, see `resolve`."""
        return resolve(run, self.extra, self.distribution or DISTRIBUTION)

    @property
    def install_line(self) -> str:
        """The command that installs the libraries of this component."""
        return install_line(self.extra, self.distribution or DISTRIBUTION)


def resolve(run: Callable[..., Any] | str, extra: str, distribution: str = DISTRIBUTION) -> Callable[..., Any]:
    """Import the function behind an import path; a function is returned unchanged.

    Args:
        run: the function, or its import path `"package.module:function"`.
        extra: the extra of `distribution` that installs the imported libraries; "" = no extra is needed.
        distribution: the distribution that has this extra.

    Raises:
        MissingExtra: a library that the module imports is not installed.
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
