"""This machine: its CPU, the features that decide how fast and how exact int8 is, and the cores that we may use."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")


def describe() -> dict[str, Any]:
    """The CPU as it is recorded in a bundle: name, architecture and int8 features."""
    return {"cpu": cpu_name(), "architecture": platform.machine(), "features": cpu_features()}


def cpu_name() -> str:
    """The processor's name, or its architecture where the system does not tell."""
    for line in _cpuinfo():
        if line.startswith(("model name", "Hardware")):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cpu_features() -> list[str]:
    """Those of `FEATURES` that the CPU has; [] where the system does not tell."""
    for line in _cpuinfo():
        if line.startswith(("flags", "Features")):
            flags = line.partition(":")[2].split()
            return [name for name in FEATURES if name in flags]
    return []


def has_int8_dot_products() -> bool:
    """Whether int8 products are summed without saturation (VNNI and its kin)."""
    return any(name in cpu_features() for name in ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp"))


def cores() -> int:
    """Cores that this process may use: its affinity, cut by the control group's quota; at least 1."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cgroup_quota()
    return max(1, min(affinity, int(quota))) if quota else affinity


def cgroup_quota(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """CPUs that the control group allows (version 2 or 1), None without a limit."""
    try:
        if (root / "cpu.max").is_file():
            quota, period = (root / "cpu.max").read_text().split()
            return None if quota == "max" else int(quota) / int(period)
        quota_us = int((root / "cpu/cpu.cfs_quota_us").read_text())
        return None if quota_us < 0 else quota_us / int((root / "cpu/cpu.cfs_period_us").read_text())
    except (OSError, ValueError):
        return None


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []
