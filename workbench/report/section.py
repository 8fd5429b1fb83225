"""A section of a run's report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A section of `report.html`.

    The page is one file that loads no external resources: images are inline SVG or `data:` URLs, and the browser runs
    no scripts of sections. `workbench.api.report.environment` returns templates that escape all values.

    Args:
        title: heading, in English and in Chinese.
        html: safe markup; parts for one language carry `lang="en"` or `lang="zh"`, headings start at `h3`.
        order: position in the page, in ascending order; the built-in sections have 10, 20, 30 …
        css: rules for the section's classes; the page contains equal rules of several sections once. Colours are the
            page's variables: `--ink`, `--muted`, `--rule`, `--paper`, `--sheet`, `--accent`, `--good`, `--bad`.
    """

    title: tuple[str, str]
    html: str
    order: int = 50
    css: str = ""
