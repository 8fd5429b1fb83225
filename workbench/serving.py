"""The torch-free door: open a bundle and ask it."""

from __future__ import annotations

from pathlib import Path

from workbench.engine.run import RUN, Run
from workbench.errors import WorkbenchError
from workbench.host import Host, build_host
from workbench.nouns.bundle import MANIFEST, Bundle
from workbench.nouns.predictor import Predictor, PredictorOptions


def open_bundle(path: str | Path, *, threads: int = 1, host: Host | None = None) -> Predictor:
    """Verify a bundle and open its predictor.

        >>> open_bundle("run/").predict(["where is my parcel"])

    Args:
        path: a bundle, or a run folder whose current bundle is meant.
        threads: texts answered at the same time.
        host: the plugins to use; a new host without it.

    Raises:
        WorkbenchError: it is no bundle, is newer than this program, or a file is missing or was changed.
    """
    return open_verified(Bundle.load(find_bundle(Path(path))), host or build_host(), threads=threads)


def open_verified(bundle: Bundle, host: Host, *, threads: int = 1) -> Predictor:
    """The predictor of a bundle that was loaded before."""
    predictor = host.open_predictor(bundle.model, PredictorOptions(threads=threads))
    predictor.temperature = bundle.temperature
    return predictor


def find_bundle(path: Path) -> Path:
    """The bundle's folder: `path` itself, or the newest bundle of the run at `path`.

    Raises:
        WorkbenchError: there is no such folder, or the run has no bundle.
    """
    if not path.is_dir():
        raise WorkbenchError("there is no such bundle or run folder", where=path)
    if (path / MANIFEST).is_file() or not (path / RUN).is_file():
        return path
    for stage in reversed(Run.load(path).stages):
        if (stage.path / MANIFEST).is_file():
            return stage.path
    raise WorkbenchError("this run has no bundle yet", where=path, remedy="Let it finish: workbench run")


__all__ = ["find_bundle", "open_bundle", "open_verified"]
