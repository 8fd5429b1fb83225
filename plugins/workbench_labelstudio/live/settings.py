"""Settings of the routes for Label Studio, from the environment of the server."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from workbench.api import UsageProblem

PREFIX = "WORKBENCH_LABELSTUDIO_"
USER, PASSWORD, SECRET = f"{PREFIX}USER", f"{PREFIX}PASSWORD", f"{PREFIX}SECRET"
RECIPE, RUN, QUIET = f"{PREFIX}RECIPE", f"{PREFIX}RUN", f"{PREFIX}QUIET"
FILE = "_FILE"
KNOWN = {USER, PASSWORD, PASSWORD + FILE, SECRET, SECRET + FILE, RECIPE, RUN, QUIET}
SECONDS = 60.0


class Login(NamedTuple):
    """Name and password of Basic auth."""

    user: str
    password: str


@dataclass(frozen=True)
class Settings:
    """Settings of the routes for Label Studio.

    Args:
        login: of Label Studio's requests; None = only this machine may send any.
        secret: of webhooks, in the header `X-Workbench-Secret`; such a request needs no login.
        recipe: that a retraining runs; None = there is no retraining.
        run: the run's folder.
        quiet: seconds without another new label, after which a retraining begins.
    """

    login: Login | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    recipe: Path | None = None
    run: Path | None = None
    quiet: float = SECONDS


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings. A variable that is empty is not set.

    `WORKBENCH_LABELSTUDIO_USER` and `…_PASSWORD`, or `…_PASSWORD_FILE`, a file that holds it: the login.
    `…_SECRET` or `…_SECRET_FILE`: the secret of webhooks. `…_RECIPE` and `…_RUN`: a retraining is
    `workbench run RECIPE -o RUN`. `…_QUIET`: seconds, 60 by default.

    Raises:
        UsageProblem: a variable is unknown or has a wrong value, or the other one of a pair is missing.
    """
    values = {name: value for name, value in environment.items() if name.startswith(PREFIX) and value.strip()}
    for name in values:
        if name not in KNOWN:
            raise UsageProblem("is no setting", where=name, remedy=f"Known: {', '.join(sorted(KNOWN))}")
    values |= {name: _read_line(values, name) for name in (PASSWORD, SECRET) if name + FILE in values}
    for one, other in ((USER, PASSWORD), (PASSWORD, USER), (RECIPE, RUN), (RUN, RECIPE)):
        if one in values and other not in values:
            raise UsageProblem("is set alone", where=one, remedy=f"Set {other}, too")
    _check_sendable(values, USER, PASSWORD, encoding="latin-1")
    _check_sendable(values, SECRET, encoding="ascii")
    if ":" in values.get(USER, ""):
        raise UsageProblem("the user has a colon", where=USER, remedy="Choose another name")
    recipe, run = ([Path(values[name]).expanduser() for name in (RECIPE, RUN)]) if RUN in values else (None, None)
    return Settings(
        login=Login(values[USER], values[PASSWORD]) if USER in values else None,
        secret=values[SECRET].strip() if SECRET in values else None,
        recipe=recipe,
        run=run,
        quiet=_seconds(values.get(QUIET, str(SECONDS))),
    )


def _check_sendable(values: Mapping[str, str], *names: str, encoding: str) -> None:
    """Refuse what Label Studio cannot send: its HTTP client knows Latin-1 alone, and its headers are ASCII."""
    for name in names:
        value = values.get(name, "").strip()
        if not value.isprintable() or value.encode(encoding, "ignore").decode(encoding) != value:
            what = f"the {name.removeprefix(PREFIX).lower()} has a character that Label Studio cannot send"
            raise UsageProblem(what, where=name, remedy="Use ASCII")


def _read_line(values: Mapping[str, str], name: str) -> str:
    """Read the one line of the file that holds a setting, without white space around it."""
    file, where = values[name + FILE], name + FILE
    if name in values:
        raise UsageProblem(f"{where} is set too", where=name, remedy="Set one of them")
    try:
        line = Path(file).expanduser().read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageProblem(f"{file} cannot be read ({why})", where=where) from None
    if len(line.splitlines()) != 1:
        raise UsageProblem(f"{file} does not hold one line", where=where, remedy="Write the secret into it")
    return line


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UsageProblem(f"is {text!r}", where=QUIET, remedy="Give a number of seconds")
    return seconds
