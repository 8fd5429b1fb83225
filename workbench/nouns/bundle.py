"""A bundle: a model complete for serving, with the digest of every file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.io.digests import digest_file
from workbench.io.files import read_json, write_json
from workbench.io.shapes import NUMBER, Shape, check_shape
from workbench.nouns.model import Model

FORMAT = 1
MANIFEST = "bundle.json"
CARD = "README.md"
SHAPE: Shape = {
    "model": dict,
    "temperature": NUMBER,
    "metrics": dict,
    "machine": dict,
    "gate": (dict, type(None)),
    "files": dict,
}
FIGURE: Shape = {"name": str, "value": NUMBER, "limit": NUMBER, "unit": str, "kept": bool}
MOST_TEMPERATURE = 1e6
REMEDY = "Copy or make the bundle again"


@dataclass(frozen=True)
class Bundle:
    """A served model.

    Args:
        model: its format names the runtime that serves it; its history is the bundle's lineage.
        files: names of the model's files, as the runtime lists them.
        temperature: divides the logits.
        metrics: the bundle's own figures, split -> metric -> number.
        machine: the CPU that it was made on, as `workbench.machine.describe` gives it; its figures were measured there.
        gate: `{"accepted": bool, "figures": [...]}`, or None before the gate.
    """

    model: Model
    files: tuple[str, ...]
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

    @property
    def id(self) -> str:
        """A short name for exactly this bundle: the head of its manifest's sha256; the manifest names its files'."""
        return digest_file(self.path / MANIFEST)[:12]

    def manifest(self) -> dict[str, Any]:
        """What `bundle.json` holds."""
        files = {
            name: {"sha256": digest_file(self.path / name), "bytes": (self.path / name).stat().st_size}
            for name in (*self.files, CARD)
        }
        return {
            "format": FORMAT,
            "model": self.model.about(),
            "temperature": self.temperature,
            "metrics": self.metrics,
            "machine": self.machine,
            "gate": self.gate,
            "files": files,
        }

    def save(self) -> Bundle:
        """Write `bundle.json` beside the files that it names."""
        write_json(self.path / MANIFEST, self.manifest())
        return self

    def size(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in self.path.iterdir())

    def check_files(self, names: Sequence[str]) -> None:
        """Check that the bundle holds exactly the files that its runtime names.

        Raises:
            WorkbenchError: it has more, or fewer.
        """
        for name in sorted(set(names) ^ set(self.files)):
            what = "does not belong to a bundle" if name in self.files else "is missing from the manifest"
            raise WorkbenchError(f"{what} of the format {self.model.format!r}", where=self.path / name, remedy=REMEDY)

    @classmethod
    def load(cls, path: Path) -> Bundle:
        """Open and verify a bundle: its manifest, that exactly the named files are there, and each one's digest.

        Raises:
            WorkbenchError: with the file, what was expected and what is there.
        """
        manifest = path / MANIFEST
        if not manifest.is_file() or manifest.is_symlink():
            raise WorkbenchError(
                f"is no bundle: {MANIFEST} is missing, or is no plain file",
                where=path,
                remedy="Make one with: workbench run",
            )
        about = read_json(manifest)
        check_shape(about, {"format": int}, manifest)
        if about["format"] > FORMAT:
            raise WorkbenchError(
                f"has bundle format {about['format']}, this program knows {FORMAT}",
                where=manifest,
                remedy="Upgrade intent-workbench",
            )
        _check(about, manifest)
        _verify(path, about["files"])
        model = Model.from_about(path, about["model"], where=manifest)
        files = tuple(sorted(name for name in about["files"] if name != CARD))
        return cls(model, files, float(about["temperature"]), about["metrics"], about["machine"], about["gate"])


def _check(about: Mapping[str, Any], manifest: Path) -> None:
    check_shape(about, SHAPE, manifest)
    if not 0 < about["temperature"] < MOST_TEMPERATURE:
        raise WorkbenchError(f"'temperature' is {about['temperature']}, expected a number above 0", where=manifest)
    if about["gate"] is not None:
        check_shape(about["gate"], {"accepted": bool, "figures": list}, f"{manifest}: gate")
        for figure in about["gate"]["figures"]:
            check_shape(figure, FIGURE, f"{manifest}: gate.figures")
    for name, entry in about["files"].items():
        check_shape(entry, {"sha256": str, "bytes": int}, f"{manifest}: files.{name}")


def _verify(path: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    there = {entry.name for entry in path.iterdir()} - {MANIFEST}
    for name in sorted({CARD} | set(files) | there):
        file = path / name
        if name in files and (name != file.name or name in ("", "..", MANIFEST)):
            raise WorkbenchError(
                f"names {name!r}, which is no name of a file in the bundle's folder",
                where=path / MANIFEST,
                remedy=REMEDY,
            )
        if name not in files and name in there:
            raise WorkbenchError(
                "does not belong to a bundle: its manifest does not name it", where=file, remedy="Remove it"
            )
        if not file.is_file() or file.is_symlink():
            raise WorkbenchError("is missing, or is no plain file", where=file, remedy=REMEDY)
        if (actual := digest_file(file)) != (expected := files[name]["sha256"]):
            raise WorkbenchError(
                f"has sha256 {actual[:12]}…, the manifest says {expected[:12]}…", where=file, remedy=REMEDY
            )
