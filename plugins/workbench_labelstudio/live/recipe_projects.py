"""The projects that a recipe reads."""

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


def projects_of(recipe: Recipe) -> frozenset[int] | None:
    """Give the ids of the projects that a recipe reads; None if a source is a title or another reader's."""
    found = [NUMBERED.match(config.settings.source.strip()) for config in _configs(recipe)]
    return frozenset(int(one[2]) for one in found if one) if found and all(found) else None


def mismatches(recipe: Recipe, place: Path, project: Project, url: str, mirror: str | None) -> Iterator[str]:
    """Say why a run of a recipe may not show the changes of a project.

    Args:
        recipe: as it was read.
        place: of its file.
        project: that is watched.
        url: of its server.
        mirror: where the local copy is kept; None = in the user's data folder.
    """
    configs = _configs(recipe)
    if not configs:
        readers = ", ".join(config.name for config in recipe.imports) or "none"
        yield f"{place} does not import with the reader {READER!r}, but with: {readers}"
        return
    if not any(_reads(config, project, url) for config in configs):
        sources = ", ".join(config.settings.source for config in configs)
        yield f"{place} imports {sources}, and not project {project.id} ({project.title}) of {url}, which is watched"
    for config in configs:
        if _folder(config.options.mirror) != _folder(mirror):
            yield (
                f"{place} keeps its local copy at {config.options.mirror or 'the usual place'}, not at "
                f"{mirror or 'the usual place'} as this watch does, so all is read twice; give both the same mirror"
            )


def _configs(recipe: Recipe) -> list[Any]:
    return [config for config in recipe.imports if config.name == READER]


def _reads(config: Any, project: Project, url: str) -> bool:
    source, server = config.settings.source.strip(), config.options.url
    if numbered := NUMBERED.match(source):
        server = numbered[1] or server
    if server and clean_url(server) != url:
        return False
    return source == project.title or bool(numbered and int(numbered[2]) == project.id)


def _folder(mirror: str | None) -> Path | None:
    return Path(mirror).expanduser().resolve() if mirror else None
