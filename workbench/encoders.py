"""Find an encoder: a folder, a short name that a plugin knows, or a name on the Hugging Face hub.

Only folders with `config.json`, `tokenizer.json` or a vocabulary, and safetensors weights are taken; pickled weights
are not loaded.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.components import Encoder
from workbench.errors import MissingExtra, WorkbenchError
from workbench.io.digests import digest_file, digest_json
from workbench.io.files import read_json

FOLDER = "WORKBENCH_ENCODERS"  # environment: a folder of encoder folders, by short or hub name
WEIGHTS = "model.safetensors"
SHARDS = "model.safetensors.index.json"
WANTED = [
    "config.json",
    "*.safetensors",
    SHARDS,
    "tokenizer*",
    "vocab*",
    "merges.txt",
    "sentencepiece*",
    "special_tokens_map.json",
    "1_Pooling/config.json",
]


@dataclass(frozen=True)
class FoundEncoder:
    """An encoder on this machine.

    Args:
        path: its folder.
        prefix: put before every text.
        pooling: `mean` or `cls`.
        name: as it was asked for, or the folder's own name.
        licence: SPDX identifier, None when nobody told.
    """

    path: Path
    prefix: str
    pooling: str
    name: str
    licence: str | None = None

    def digest(self) -> str:
        """sha256 over its name, its habits and the files that are used of its folder."""
        files = {path for pattern in WANTED for path in self.path.glob(pattern) if path.is_file()}
        content = {path.name: digest_file(path) for path in sorted(files)}
        return digest_json([self.name, self.prefix, self.pooling, self.licence, content])


def find_encoder(name: str, encoders: Mapping[str, Encoder]) -> FoundEncoder:
    """The encoder that a recipe names; a short name comes before a folder that is called the same.

    Raises:
        WorkbenchError: there is none; the message says what to copy where.
    """
    folder = Path(name).expanduser()
    if name not in encoders and folder.is_dir():
        return _found(folder, folder.resolve().name, encoders)
    if name not in encoders and (folder.is_absolute() or name.startswith(".")):
        raise WorkbenchError("there is no such encoder folder", where=name)
    known = encoders.get(name)
    path = _packaged(known) if known else None
    return _found(path or _copied(name, known.hub if known else name) or _from_hub(name, known), name, encoders)


def _found(path: Path, name: str, encoders: Mapping[str, Encoder]) -> FoundEncoder:
    check_folder(path)
    last = name.rpartition("/")[2]
    known = encoders.get(name) or next((e for e in encoders.values() if e.hub.rpartition("/")[2] == last), None)
    if known:
        return FoundEncoder(path, known.prefix, known.pooling, name, known.licence)
    prefix = "query: " if "e5" in re.split("[-_]", last.lower()) else ""  # as the authors of E5 say of all their models
    return FoundEncoder(path, prefix, _pooling(path), name)


def _pooling(folder: Path) -> str:
    """What sentence-transformers noted beside the encoder; `mean` where it noted nothing."""
    noted = folder / "1_Pooling" / "config.json"
    about = read_json(noted) if noted.is_file() else {}
    return "cls" if isinstance(about, dict) and about.get("pooling_mode_cls_token") is True else "mean"


def check_folder(folder: Path) -> None:
    """Raise unless the folder holds a configuration and safetensors weights."""
    if not (folder / "config.json").is_file():
        raise WorkbenchError("is no encoder folder: config.json is missing", where=folder)
    if not any((folder / name).is_file() for name in (WEIGHTS, SHARDS)):
        pickled = (folder / "pytorch_model.bin").is_file()
        remedy = "pytorch_model.bin is a pickle and is not loaded: convert it to safetensors" if pickled else None
        raise WorkbenchError(f"holds no weights: {WEIGHTS} is missing", where=folder, remedy=remedy)


def token_limit(folder: Path) -> int:
    """The longest text in tokens, special ones included, that an encoder can take; 512 when its folder does not say.

    Raises:
        WorkbenchError: its configuration holds something else than numbers there.
    """
    config, tokenizer = read_json(folder / "config.json"), folder / "tokenizer_config.json"
    about = read_json(tokenizer) if tokenizer.is_file() else {}
    try:
        positions = int(config.get("max_position_embeddings") or 512)
        if "roberta" in config.get("model_type", ""):
            positions -= int(config.get("pad_token_id") or 0) + 1  # RoBERTa counts positions from there
        return min(positions, int(about.get("model_max_length") or positions))
    except (AttributeError, TypeError, ValueError) as error:
        raise WorkbenchError(f"the configuration is damaged ({error})", where=folder / "config.json") from error


def locate_encoder(known: Encoder, name: str) -> Path | None:
    """Where a known encoder stands on this machine, without a network; None when it does not."""
    try:
        return _packaged(known) or _copied(name, known.hub) or _cached(known.hub)
    except WorkbenchError:
        return None


def _packaged(known: Encoder) -> Path | None:
    if known.package is None:
        return None
    module, _, inside = known.package.partition("/")
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / inside
    if known.sha256 and (actual := digest_file(path / WEIGHTS)) != known.sha256:
        raise WorkbenchError(
            f"has sha256 {actual[:12]}…, expected {known.sha256[:12]}…",
            where=path / WEIGHTS,
            remedy=f"Install the package {module.replace('_', '-')} again",
        )
    return path


def _copied(*names: str) -> Path | None:
    root = os.environ.get(FOLDER)
    if not root:
        return None
    candidates = [Path(root) / part for name in names for part in (name, name.rpartition("/")[2])]
    return next((path for path in candidates if path.is_dir()), None)


def _cached(hub: str) -> Path | None:
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(hub, allow_patterns=WANTED, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return path if (path / "config.json").is_file() else None


def _from_hub(name: str, known: Encoder | None) -> Path:
    hub = known.hub if known else name
    if (cached := _cached(hub)) is not None:
        return cached
    if importlib.util.find_spec("huggingface_hub") is None:
        raise MissingExtra("huggingface_hub is not installed", "train")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        return Path(snapshot_download(hub, allow_patterns=WANTED))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        root = os.environ.get(FOLDER) or "DIR"
        raise WorkbenchError(
            f"the encoder is not on this machine, and the hub does not give it ({type(error).__name__})",
            where=name,
            remedy=f"Copy config.json, {WEIGHTS} and tokenizer.json of {hub} from a machine that has them to "
            f"{root}/{name.rpartition('/')[2]} and set {FOLDER}={root}, or give the folder's path",
        ) from error
