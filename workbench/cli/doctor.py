"""`workbench doctor`: examine this machine and this installation."""

from __future__ import annotations

import platform
import sys
from typing import Any

import click

from workbench import __version__
from workbench.cli.output import echo_json, table
from workbench.components import Runtime
from workbench.encoders import FOLDER, locate_encoder
from workbench.engine.stage import version
from workbench.errors import WorkbenchError
from workbench.host import Host
from workbench.machine import cgroup_quota, cores, cpu_features, cpu_name, sums_int8_exactly

LIBRARIES = {
    "numpy": "",
    "onnxruntime": "",
    "tokenizers": "",
    "fastapi": "",
    "torch": "train",
    "transformers": "train",
    "scikit-learn": "train",
    "onnx": "export",
    "optimum-onnx": "export",
    "onnxscript": "export",
    "pyarrow": "data",
    "datasets": "data",
    "jinja2": "report",
}


def examine(host: Host) -> dict[str, Any]:
    """Return versions, CPU, cores, encoders and plugins as JSON."""
    encoders = {name: locate_encoder(encoder, name) for name, encoder in sorted(host.registry("encoders").items())}
    return {
        "workbench": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpu": cpu_name(),
        "features": cpu_features(),
        "exact_int8": sums_int8_exactly(),
        "cores": cores(),
        "cgroup_quota": cgroup_quota(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "runtimes": runtimes(host),
        "encoders": {name: str(path) if path else None for name, path in encoders.items()},
        "plugins": dict(host.versions),
        "broken_plugins": {name: broken.why for name, broken in host.broken.items()},
        "advice": advice(host, encoders),
    }


def runtimes(host: Host) -> dict[str, Any]:
    """Return for each model format the files of a bundle, and the libraries of its runtime that are not installed."""
    return {
        name: {
            "files": list(runtime.files),
            "missing": [library for library in runtime.libraries if version(library) is None],
        }
        for name, runtime in sorted(host.registry("runtimes").items())
    }


def advice(host: Host, encoders: dict[str, Any]) -> list[str]:
    """Return advice on missing libraries, encoders, the CPU and broken plugins, one line each."""
    lines = []
    missing = sorted({extra for name, extra in LIBRARIES.items() if extra and version(name) is None})
    if missing:
        lines.append(f'to train and export: pip install "intent-workbench[{",".join(missing)}]"')
    if not any(encoders.values()):
        lines.append(
            f"no encoder is on this machine. Copy an encoder into a folder and set {FOLDER}=FOLDER, "
            "or let the first training download one from the hub"
        )
    lines += [line for name, runtime in host.registry("runtimes").items() if (line := _advice(name, runtime))]
    lines += [f"plugin {name} failed to load: {broken.why}" for name, broken in host.broken.items()]
    return lines


def _advice(name: str, runtime: Runtime) -> str | None:
    """Return a runtime's advice on this CPU, or the error if the runtime fails, as without its libraries."""
    try:
        return runtime.advice()
    except WorkbenchError as error:
        return f"runtime {name}: {error}"
    except Exception as error:
        return f"runtime {name} failed to examine this CPU ({type(error).__name__}: {error})"


def add(cli: click.Group, host: Host) -> None:
    """Add the verb `doctor`."""

    @cli.command()
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    def doctor(as_json: bool) -> None:
        """Show versions, CPU, encoders and missing libraries."""
        found = examine(host)
        if as_json:
            echo_json(found)
            return
        rows = [
            ["workbench", found["workbench"]],
            ["python", f"{found['python']}  {sys.executable}"],
            ["system", found["system"]],
            ["cpu", found["cpu"]],
            ["int8 features", "unknown" if found["features"] is None else ", ".join(found["features"]) or "none"],
            ["usable cores", str(found["cores"])],
        ]
        rows += [[name, installed or "not installed"] for name, installed in found["libraries"].items()]
        rows += [[f"runtime {name}", _readiness(runtime)] for name, runtime in found["runtimes"].items()]
        rows += [[f"encoder {name}", path or "not on this machine"] for name, path in found["encoders"].items()]
        table(["item", "value"], rows)
        for line in found["advice"]:
            click.echo(f"! {line}")


def _readiness(runtime: dict[str, Any]) -> str:
    if runtime["missing"]:
        return f"missing: {', '.join(runtime['missing'])}"
    return f"ready; a bundle holds {', '.join(runtime['files'])}" if runtime["files"] else "ready; cannot be bundled"
