"""A section of a run's report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A piece of `report.html`.

    The page is one file that asks for nothing from outside: pictures are inline SVG or `data:` addresses, and scripts
    are not run. `workbench.report.markup.environment` gives templates that escape what they are given.

    Args:
        title: in English and in Chinese.
        html: safe markup; parts for one language carry `lang="en"` or `lang="zh"`, headings start at `h3`.
        order: small ones come first; the built-in sections stand at 10, 20, 30 …
        css: rules for classes of its own; the page has them once, however many sections give the same text. Colours
            are the page's variables: `--ink`, `--muted`, `--rule`, `--paper`, `--sheet`, `--accent`, `--good`, `--bad`.
    """

    title: tuple[str, str]
    html: str
    order: int = 50
    css: str = ""
