"""The one error family. It is raised anywhere and caught once, in the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class WorkbenchError(Exception):
    """Something that the user can mend: what happened, where, and what to do.

    Args:
        what: the cause, a sentence without its full stop.
        where: file, line, task id or option that it concerns.
        remedy: what the user can do, a sentence without its full stop.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: object = None, remedy: str | None = None) -> None:
        self.what, self.where, self.remedy = what, where, remedy
        head = f"{where}: {what}" if where is not None else what
        super().__init__(f"{head}. {remedy}." if remedy else head)

    def __reduce__(self) -> tuple[Any, ...]:
        # pickle would call the class with the joined message, which is not what subclasses take
        return _restore, (type(self), self.args, vars(self))


class UsageProblem(WorkbenchError):
    """The command line or the recipe asks for something that does not exist."""

    exit_code = 2


class GateRefused(WorkbenchError):
    """The bundle breaks a budget of the recipe."""

    exit_code = 3


DISTRIBUTION = "intent-workbench"


class MissingExtra(WorkbenchError):
    """A library is not installed that a distribution, or one of its extras, brings.

    Args:
        what: the cause, a sentence without its full stop.
        extra: of the distribution; several are separated by commas, "" = none.
        distribution: the one to install.
    """

    def __init__(self, what: str, extra: str, distribution: str = DISTRIBUTION) -> None:
        super().__init__(what, remedy=f"needs: {install_line(extra, distribution)}")


def install_line(extra: str, distribution: str = DISTRIBUTION) -> str:
    """The command that installs a distribution with its extra; "" = none."""
    return f'pip install "{distribution}[{extra}]"' if extra else f"pip install {distribution}"


def _restore(kind: type[WorkbenchError], arguments: tuple[Any, ...], state: dict[str, Any]) -> WorkbenchError:
    error = kind.__new__(kind, *arguments)
    vars(error).update(state)
    return error


def unknown(kind: str, name: object, names: Iterable[str], *, where: object = None) -> UsageProblem:
    """The error for a name that is none of `names`: with the nearest one, and all of them."""
    known = sorted(names)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    listed = ", ".join(known) if known else "there are none"
    return UsageProblem(f"unknown {kind} {name!r}", where=where, remedy=f"{hint}Known: {listed}")
