"""A section of a run's report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A piece of `report.html`.

    Args:
        title: in English and in Chinese.
        html: safe markup; parts for one language carry `lang="en"` or `lang="zh"`.
        order: small ones come first; the built-in sections stand at 10, 20, 30 …
    """

    title: tuple[str, str]
    html: str
    order: int = 50
