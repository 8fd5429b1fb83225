"""Whether a recipe reads the project that it is run for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench_labelstudio.http.credentials import clean_url

if TYPE_CHECKING:
    from workbench.api.engine import Recipe
    from workbench_labelstudio.project.project import Project

READER = "labelstudio"
NUMBERED = re.compile(r"^(?:(https?://.+)/projects/)?(\d+)(?:[/?#].*)?$", re.ASCII)  # an id, or a page's address


def projects_read(recipe: Recipe) -> frozenset[int] | None:
    """The ids of the projects that a recipe reads; None where it does not say: by a title, or with another reader."""
    named = [NUMBERED.match(step.settings.source.strip()) for step in _steps(recipe)]
    return frozenset(int(one[2]) for one in named if one) if named and all(named) else None


def misfits(recipe: Recipe, place: Path, project: Project, url: str, mirror: str | None) -> Iterator[str]:
    """Why a run of a recipe may not show what changed in a project, in words.

    Args:
        recipe: as it was read.
        place: of its file.
        project: that is watched.
        url: of its server.
        mirror: where the local copy is kept; None = in the user's data folder.
    """
    steps = _steps(recipe)
    if not steps:
        named = ", ".join(step.name for step in recipe.imports) or "none"
        yield f"{place} does not import with the reader {READER!r}, but with: {named}"
        return
    if not any(_reads(step, project, url) for step in steps):
        sources = ", ".join(step.settings.source for step in steps)
        yield f"{place} imports {sources}, and not project {project.id} ({project.title}) of {url}, which is watched"
    for step in steps:
        if _folder(step.options.mirror) != _folder(mirror):
            yield (
                f"{place} keeps its local copy at {step.options.mirror or 'the usual place'}, not at "
                f"{mirror or 'the usual place'} as this watch does, so all is read twice; give both the same mirror"
            )


def _steps(recipe: Recipe) -> list[Any]:
    return [step for step in recipe.imports if step.name == READER]


def _reads(step: Any, project: Project, url: str) -> bool:
    source, server = step.settings.source.strip(), step.options.url
    if numbered := NUMBERED.match(source):
        server = numbered[1] or server
    if server and clean_url(server) != url:
        return False
    return source == project.title or bool(numbered and int(numbered[2]) == project.id)


def _folder(mirror: str | None) -> Path | None:
    return Path(mirror).expanduser().resolve() if mirror else None
