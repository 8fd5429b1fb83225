"""Templates for reports: they escape all values and hold each text in English and in Chinese."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workbench.errors import MissingExtra
from workbench.nouns.utterance import Intent

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

BREAKS = re.compile(r"(?<=[_/.:-])(?=[^_/.:-])")


def environment(package: str) -> Environment:
    """Return the jinja2 environment for the templates (`NAME.html.j2`) in the folder of `package`.

    The templates escape all values, and a missing value is an error. In addition to jinja2's functions, they have
    `both("English", "中文")` and the filters `megabytes`, `name` (of an intent), `number`, `percent` and `seconds`.

    Raises:
        MissingExtra: jinja2 is not installed.
    """
    try:
        import jinja2
    except ModuleNotFoundError as error:
        raise MissingExtra("jinja2 is not installed", "report") from error
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader(package, "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["both"] = both
    templates.filters.update(megabytes=megabytes, name=name, number=number, percent=percent, seconds=seconds)
    return templates


def both(english: str, chinese: str) -> Markup:
    """Return a text in two languages for the page, which shows one; plain text is escaped, markup is not."""
    from markupsafe import Markup

    return Markup('<span lang="en">{}</span><span lang="zh">{}</span>').format(english, chinese)


def intent_label(intent: Intent | list[str]) -> str:
    """Format an intent for people; the levels of a hierarchical intent are joined from the root on."""
    return intent if isinstance(intent, str) else " › ".join(intent)


def name(intent: Intent | list[str]) -> Markup:
    """Return an intent's escaped label that may wrap after separators, isolated from the surrounding text direction."""
    from markupsafe import Markup

    parts = BREAKS.split(intent_label(intent))
    return Markup("<bdi>{}</bdi>").format(Markup("<wbr>").join(parts))


def percent(share: float, digits: int = 1) -> str:
    """Format a share between 0 and 1 in percent."""
    return f"{share:.{digits}%}"


def number(value: float) -> str:
    """Format a number with a thousands separator; a fraction gets four significant digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.4g}"


def megabytes(size: int) -> str:
    """Format a number of bytes in MB of 10^6 bytes."""
    return f"{size / 1e6:.1f} MB"


def seconds(duration: float) -> str:
    """Format a duration in seconds, minutes or hours, depending on its size."""
    if duration < 59.5:
        return f"{duration:.1f} s" if duration < 9.95 else f"{duration:.0f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
