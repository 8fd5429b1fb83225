"""Settings of the documentation site: `nox -s site` builds docs/en into site/, and docs/zh into site/zh/.

Pages are Markdown (MyST). The theme brings its own fonts and scripts, so that no page asks another server for anything.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.search import languages as search_languages
from sphinx.search.zh import SearchChinese

from workbench import __version__

CHINESE = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef\u201c\u201d"  # characters and punctuation
LANGUAGES = {"en": "English", "zh_CN": "中文"}

project = "intent-workbench"
author = "The intent-workbench authors"
release = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.header"]
html_theme = "furo"
html_title = f"intent-workbench {release}"
html_show_sphinx = False
html_copy_source = False
html_show_copyright = False
templates_path = [str(Path(__file__).parent / "_templates")]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "languages.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}


class ChineseSearch(SearchChinese):
    """Index every pair of Chinese characters, and every run of them, which longer queries are looked for in."""

    language_name = "English"  # of the stemmer that the page loads; Sphinx 9.0 names one that does not exist

    def split(self, input: str) -> list[str]:
        """Give the terms of a text."""
        runs = re.findall("[\u4e00-\u9fff]{2,}", input)
        return [*super().split(input), *runs, *(run[n : n + 2] for run in runs for n in range(len(run) - 1))]


def languages(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Give the template the address of the page in each language."""
    root = "../" * page.count("/")
    up = root + ("../" if app.config.language == "zh_CN" else "")
    folders = {"en": up, "zh_CN": f"{up}zh/"}
    context["languages"] = [
        {"name": LANGUAGES[code], "href": f"{folders[code]}{page}.html", "current": code == app.config.language}
        for code in LANGUAGES
    ]


def join_lines(app: Any, page: str, source: list[str]) -> None:
    """Join the lines of a Chinese paragraph: HTML would show a line break beside a wide character as a space."""
    if app.config.language == "zh_CN":
        joined = re.sub(f"(?<=[{CHINESE}])\n(?=[{CHINESE}])", "", source[0])
        source[0] = re.sub(r"(?<=[，。；：、）])\n(?=[\w\[`](?!``))", "", joined)


def setup(app: Any) -> None:
    """Called by Sphinx."""
    search_languages["zh"] = ChineseSearch
    app.connect("source-read", join_lines)
    app.connect("html-page-context", languages)
