"""A bundle: an ONNX model complete for serving, with the digest of every file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.digests import digest_file
from workbench.errors import WorkbenchError
from workbench.files import read_json, write_json
from workbench.nouns.model import Model

FORMAT = 1
MANIFEST = "bundle.json"
FILES = ("model.onnx", "tokenizer.json", "README.md")


@dataclass(frozen=True)
class Bundle:
    """A served model.

    Args:
        model: format `onnx`; its history is the bundle's lineage.
        temperature: divides the logits.
        metrics: the bundle's own figures, split -> metric -> number.
        machine: the CPU that they were measured on.
        gate: `{"accepted": bool, "figures": [...]}`, or None before the gate.
    """

    model: Model
    temperature: float = 1.0
    metrics: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    gate: Mapping[str, Any] | None = None

    @property
    def path(self) -> Path:
        """The folder."""
        return self.model.path

    @property
    def accepted(self) -> bool | None:
        """What the gate said; None before it."""
        return None if self.gate is None else bool(self.gate["accepted"])

    def manifest(self) -> dict[str, Any]:
        """What `bundle.json` holds."""
        files = {name: {"sha256": digest_file(self.path / name), "bytes": (self.path / name).stat().st_size}
                 for name in FILES}
        return {
            "format": FORMAT, "model": self.model.about(), "temperature": self.temperature, "metrics": self.metrics,
            "machine": self.machine, "gate": self.gate, "files": files,
        }

    def save(self) -> Bundle:
        """Write `bundle.json` beside the files that it names."""
        write_json(self.path / MANIFEST, self.manifest())
        return self

    def size(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in self.path.iterdir())

    def at(self, path: Path) -> Bundle:
        """The same bundle in another folder."""
        return dataclasses.replace(self, model=dataclasses.replace(self.model, path=path))

    @classmethod
    def load(cls, path: Path) -> Bundle:
        """Open and verify a bundle: its format, that exactly its files are there, and each one's digest.

        Raises:
            WorkbenchError: with the file, what was expected and what is there.
        """
        if not (path / MANIFEST).is_file():
            raise WorkbenchError(f"is no bundle: {MANIFEST} is missing", where=path, remedy="Make one with: workbench run")
        about = read_json(path / MANIFEST)
        if not isinstance(about, dict) or not isinstance(about.get("format"), int):
            raise WorkbenchError("holds no bundle format number", where=path / MANIFEST)
        if about["format"] > FORMAT:
            raise WorkbenchError(f"has bundle format {about['format']}, this program knows {FORMAT}", where=path,
                                 remedy="Upgrade intent-workbench")
        try:
            _verify(path, about["files"])
            model = Model.from_about(path, about["model"])
            return cls(model, about["temperature"], about["metrics"], about["machine"], about["gate"])
        except (KeyError, TypeError, AttributeError) as error:
            raise WorkbenchError(f"is no bundle manifest ({error!r})", where=path / MANIFEST,
                                 remedy="Copy or make the bundle again") from error


def _verify(path: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    remedy = "Copy or make the bundle again"
    there = {entry.name for entry in path.iterdir()} - {MANIFEST}
    for name in sorted(set(FILES) | set(files) | there):
        if name not in FILES or name not in files:
            raise WorkbenchError("does not belong to the bundle", where=path / name, remedy=remedy)
        file = path / name
        if not file.is_file() or file.is_symlink():
            raise WorkbenchError("is missing, or is no plain file", where=file, remedy=remedy)
        if (actual := digest_file(file)) != files[name]["sha256"]:
            raise WorkbenchError(f"has sha256 {actual[:12]}…, the manifest says {files[name]['sha256'][:12]}…",
                                 where=file, remedy=remedy)
