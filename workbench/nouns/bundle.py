"""A bundle: a folder with everything that serving needs, and the sha256 of every file."""

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
MAX_TEMPERATURE = 1e6
REMEDY = "Copy the bundle again, or make a new one with: workbench run"


@dataclass(frozen=True)
class Bundle:
    """A model that can be served.

    Args:
        model: the model. Its format is the name of the runtime that serves the bundle.
        files: names of the model's files, as the runtime lists them.
        temperature: divisor of the logits.
        metrics: metrics of the bundle, split -> metric -> number.
        machine: the CPU on which the bundle was made and measured, as returned by `workbench.machine.describe`.
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
        """The bundle's folder."""
        return self.model.path

    @property
    def accepted(self) -> bool | None:
        """Whether the gate accepted the bundle; None before the gate."""
        return None if self.gate is None else bool(self.gate["accepted"])

    @property
    def id(self) -> str:
        """Identifier of the bundle's content: the first 12 hex digits of the manifest's sha256.

        The manifest holds the sha256 of every other file, so the identifier changes with each of them.
        """
        return digest_file(self.path / MANIFEST)[:12]

    def manifest(self) -> dict[str, Any]:
        """Content of `bundle.json`."""
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
        """Write `bundle.json` into the bundle's folder."""
        write_json(self.path / MANIFEST, self.manifest())
        return self

    def size(self) -> int:
        """Total size of the bundle's files in bytes."""
        return sum(path.stat().st_size for path in self.path.iterdir())

    def check_files(self, names: Sequence[str]) -> None:
        """Check that the bundle holds exactly the files that its runtime lists.

        Args:
            names: the files that the runtime lists.

        Raises:
            WorkbenchError: a file is missing, or is not in the runtime's list.
        """
        for name in sorted(set(names) ^ set(self.files)):
            problem = "does not belong to a bundle" if name in self.files else "is missing from the manifest"
            raise WorkbenchError(
                f"{problem} of the format {self.model.format!r}", where=self.path / name, remedy=REMEDY
            )

    @classmethod
    def load(cls, path: Path) -> Bundle:
        """Open a bundle and verify it.

        The folder must hold exactly the files that the manifest lists, each with the sha256 of the manifest.

        Raises:
            WorkbenchError: the manifest is invalid, or a file is missing, unlisted or changed.
        """
        manifest = path / MANIFEST
        if not manifest.is_file() or manifest.is_symlink():
            raise WorkbenchError(
                f"is not a bundle: {MANIFEST} is missing, or is not a regular file",
                where=path,
                remedy="Make a bundle with: workbench run",
            )
        about = read_json(manifest)
        check_shape(about, {"format": int}, manifest)
        if about["format"] > FORMAT:
            raise WorkbenchError(
                f"has bundle format {about['format']}; this program reads formats up to {FORMAT}",
                where=manifest,
                remedy="Upgrade with: pip install -U intent-workbench",
            )
        _check(about, manifest)
        _verify(path, about["files"])
        model = Model.from_about(path, about["model"], where=manifest)
        files = tuple(sorted(name for name in about["files"] if name != CARD))
        return cls(model, files, float(about["temperature"]), about["metrics"], about["machine"], about["gate"])


def _check(about: Mapping[str, Any], manifest: Path) -> None:
    check_shape(about, SHAPE, manifest)
    if not 0 < about["temperature"] < MAX_TEMPERATURE:
        raise WorkbenchError(
            f"'temperature' is {about['temperature']}, expected a number above 0 and below {MAX_TEMPERATURE:g}",
            where=manifest,
            remedy=REMEDY,
        )
    if about["gate"] is not None:
        check_shape(about["gate"], {"accepted": bool, "figures": list}, f"{manifest}: gate")
        for figure in about["gate"]["figures"]:
            check_shape(figure, FIGURE, f"{manifest}: gate.figures")
    for name, entry in about["files"].items():
        check_shape(entry, {"sha256": str, "bytes": int}, f"{manifest}: files.{name}")


def _verify(path: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    present = {entry.name for entry in path.iterdir()} - {MANIFEST}
    for name in sorted({CARD} | set(files) | present):
        file = path / name
        if name in files and (name != file.name or name in ("", "..", MANIFEST)):
            raise WorkbenchError(
                f"lists {name!r}, which is not a plain file name",
                where=path / MANIFEST,
                remedy=REMEDY,
            )
        if name not in files and name in present:
            raise WorkbenchError(
                f"does not belong to a bundle: {MANIFEST} does not list this file", where=file, remedy="Remove the file"
            )
        if not file.is_file() or file.is_symlink():
            raise WorkbenchError("is missing, or is not a regular file", where=file, remedy=REMEDY)
        if (actual := digest_file(file)) != (expected := files[name]["sha256"]):
            raise WorkbenchError(
                f"has sha256 {actual[:12]}…, but {MANIFEST} lists {expected[:12]}…", where=file, remedy=REMEDY
            )
