"""The errors of the workbench. Any code may raise them; the command line catches and prints them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class WorkbenchError(Exception):
    """An error that the user can fix: what happened, where, and what to do.

    Args:
        what: the cause, a sentence without the full stop.
        where: file, line, task id or option that the error concerns.
        remedy: the next action of the user, a sentence without the full stop.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: object = None, remedy: str | None = None) -> None:
        self.what, self.where, self.remedy = what, where, remedy
        head = f"{where}: {what}" if where is not None else what
        super().__init__(f"{head}. {remedy}." if remedy else head)

    def __reduce__(self) -> tuple[Any, ...]:
        # pickle would call the class with the joined message, but subclasses have other arguments
        return _restore, (type(self), self.args, vars(self))


class UsageProblem(WorkbenchError):
    """An error in the command line or the recipe, such as an unknown name."""

    exit_code = 2


class GateRefused(WorkbenchError):
    """The bundle breaks a budget of the recipe."""

    exit_code = 3


DISTRIBUTION = "intent-workbench"


class MissingExtra(WorkbenchError):
    """A library of a distribution, or of one of its extras, is not installed.

    Args:
        what: the cause, a sentence without the full stop.
        extra: the extra to install; several are separated by commas, "" = none.
        distribution: the distribution to install.
    """

    def __init__(self, what: str, extra: str, distribution: str = DISTRIBUTION) -> None:
        super().__init__(what, remedy=f"Run: {install_line(extra, distribution)}")


def install_line(extra: str, distribution: str = DISTRIBUTION) -> str:
    """Return the command that installs a distribution with an extra; "" = without an extra."""
    return f'pip install "{distribution}[{extra}]"' if extra else f"pip install {distribution}"


def _restore(kind: type[WorkbenchError], arguments: tuple[Any, ...], state: dict[str, Any]) -> WorkbenchError:
    error = kind.__new__(kind, *arguments)
    vars(error).update(state)
    return error


def unknown(kind: str, name: object, names: Iterable[str], *, where: object = None) -> UsageProblem:
    """Return the error for a name that is not in `names`; the remedy lists the nearest name, then all of them."""
    known = sorted(names)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(known) if known else "there are none"
    return UsageProblem(f"unknown {kind} {name!r}", where=where, remedy=f"{hint}Known: {listed}")
