"""This machine: the CPU, its features for int8 and bfloat16, and the usable cores."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

EXACT = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
FEATURES = ("avx2", "avx512f", *EXACT)
BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")
ARM = ("aarch64", "arm64")


def describe() -> dict[str, Any]:
    """Return the description of the CPU that a bundle stores: name, architecture and int8 features."""
    return {"cpu": cpu_name(), "architecture": platform.machine(), "features": cpu_features()}


def cpu_name() -> str:
    """Return the processor's name, or its architecture if the system does not report a name."""
    for line in _cpuinfo():
        if line.startswith(("model name", "Hardware")):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cpu_features() -> list[str] | None:
    """Return the CPU's features out of `FEATURES`; None on systems that do not report any, as macOS and Windows."""
    flags = _flags()
    return None if flags is None else [name for name in FEATURES if name in flags]


def multiplies_bfloat16() -> bool:
    """Return whether the CPU has instructions for bfloat16, which multiply matrices faster than those for float32."""
    return not set(BFLOAT16).isdisjoint(_flags() or ())


def sums_int8_exactly() -> bool | None:
    """Return whether onnxruntime sums products of uint8 and int8 without saturation on this CPU; None if unknown.

    On x86-64 without VNNI, onnxruntime adds two products in 16 bits, and large weights overflow. arm64 does not have
    this problem (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
    """
    if platform.machine() in ARM:
        return True
    features = cpu_features()
    return None if features is None else not set(EXACT).isdisjoint(features)


def in_words(machine: Mapping[str, Any]) -> str:
    """Format the result of `describe` for people: `AMD EPYC 9R14 (avx2, avx512f, avx512_vnni)`."""
    features = machine.get("features")
    known = (", ".join(features) or "no int8 features") if isinstance(features, list) else "int8 features unknown"
    return f"{machine.get('cpu', 'an unknown CPU')} ({known})"


def cores() -> int:
    """Return the number of cores that this process may use: its affinity, limited by the cgroup quota; at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_quota()
    return max(1, min(affinity, int(quota))) if quota else affinity


def cgroup_quota(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> float | None:
    """Return the smallest CPU quota of this process's control groups and their parents (cgroup version 1 or 2).

    Args:
        root: mount point of the control groups.
        own: file that lists the control groups of this process.

    Returns:
        A number of CPUs; None without a limit, and on systems without control groups.
    """
    quotas = [quota for folder in _groups(root, own) if (quota := _quota(folder)) is not None]
    return min(quotas, default=None)


def _groups(root: Path, own: Path) -> Iterator[Path]:
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        for base in (root / controllers, root / "cpu") if controllers else (root,):
            folder = base / group.strip("/")
            # inside a container the group's path may not exist; the quota is then at the root of the mount
            yield from (path for path in (folder, *folder.parents) if path.is_relative_to(base))


def _quota(folder: Path) -> float | None:
    try:
        if (folder / "cpu.max").is_file():
            quota, period = (folder / "cpu.max").read_text().split()
            return None if quota == "max" else int(quota) / int(period)
        quota_us = int((folder / "cpu.cfs_quota_us").read_text())
        return None if quota_us < 0 else quota_us / int((folder / "cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None


def _flags() -> list[str] | None:
    for line in _cpuinfo():
        if line.startswith(("flags", "Features")):
            return line.partition(":")[2].split()
    return None


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
