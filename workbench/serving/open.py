"""Open a bundle for prediction, without torch."""

from __future__ import annotations

import logging
from pathlib import Path

from workbench.engine.run import RUN, Run
from workbench.errors import WorkbenchError
from workbench.host import Host, build_host
from workbench.machine import cores
from workbench.nouns.bundle import MANIFEST, Bundle
from workbench.nouns.model import Model
from workbench.nouns.predictor import Predictor, PredictorOptions

FINISH = "Finish the run: workbench run RECIPE -o"
logger = logging.getLogger(__name__)


def open_bundle(path: str | Path, *, threads: int = 1, host: Host | None = None) -> Predictor:
    """Verify a bundle and open its predictor.

        >>> open_bundle("run/").predict(["where is my parcel"])

    Args:
        path: a bundle folder, or a run folder for the run's current bundle.
        threads: number of texts that are predicted at the same time.
        host: the plugins; None builds a new host.

    Raises:
        WorkbenchError: the folder is not a bundle, its format is newer than this program, or a file is missing or was
            changed.
    """
    return open_verified(Bundle.load(find_bundle(Path(path))), host or build_host(), threads=threads)


def open_verified(bundle: Bundle, host: Host, *, threads: int = 1) -> Predictor:
    """Open the predictor of a bundle that is already loaded and verified.

    Raises:
        WorkbenchError: no plugin registers the bundle's runtime, or the runtime needs other files than the bundle has.
    """
    runtime = host.runtime(bundle.model.format, bundle.path)
    bundle.check_files(runtime.files)
    if warning := runtime.warning_for(bundle):
        logger.warning("%s: %s", bundle.path, warning)
    predictor = host.open_predictor(bundle.model, PredictorOptions(threads=threads))
    predictor.temperature = bundle.temperature
    return predictor


def open_any(path: Path, host: Host) -> Predictor:
    """Open the predictor of a model, a bundle or a run, on all cores; for a run without a bundle, its trained model.

    Raises:
        WorkbenchError: the folder is none of these, or the run has no model yet.
    """
    if not (path / MANIFEST).is_file() and (path / RUN).is_file():
        stage = Run.load(path).stage("gate", "bundle") or Run.load(path).stage("train")
        if stage is None:
            raise WorkbenchError("this run has no model yet", where=path, remedy=f"{FINISH} {path}")
        path = stage.path
    if (path / MANIFEST).is_file():
        return open_verified(Bundle.load(path), host, threads=cores())
    return host.open_predictor(Model.load(path), PredictorOptions(threads=cores()))


def find_bundle(path: Path) -> Path:
    """Return a bundle's folder: `path`, or the newest bundle of the run in `path`.

    Raises:
        WorkbenchError: the folder does not exist, or the run has no bundle.
    """
    if not path.is_dir():
        raise WorkbenchError("there is no such bundle or run folder", where=path, remedy="List runs: workbench runs")
    if (path / MANIFEST).is_file() or not (path / RUN).is_file():
        return path
    if stage := Run.load(path).stage("gate", "bundle"):
        return stage.path
    raise WorkbenchError("this run has no bundle yet", where=path, remedy=f"{FINISH} {path}")


__all__ = ["find_bundle", "open_any", "open_bundle", "open_verified"]
