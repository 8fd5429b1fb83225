"""Find runs of Latin characters, except addresses, where an error would change the meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator

LATIN = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
WIDE = r"\uff10-\uff19\uff21-\uff3a\uff41-\uff5a"
RUN = re.compile(rf"(?:https?://|www\.)\S+|[!-~{LATIN}{WIDE}]+", re.IGNORECASE)
ADDRESS = re.compile(r"@|://|^www\.|\.[a-z]{2}", re.IGNORECASE)


def latin_runs(text: str) -> Iterator[re.Match[str]]:
    """Yield runs of letters, digits and ASCII punctuation without white space; no URL, e-mail address or host name."""
    return (run for run in RUN.finditer(text) if not ADDRESS.search(run[0]))
