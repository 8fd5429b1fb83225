"""Cores and CPU features, from made-up /proc and /sys files as the kernel writes them."""

from __future__ import annotations

import json
import os

import pytest

from workbench import machine

X86 = "processor\t: 0\nmodel name\t: AMD EPYC 9R14\nflags\t\t: fpu sse2 avx2 avx512f avx512_vnni\n"
PLAIN_X86 = "model name\t: Old Xeon\nflags\t\t: fpu sse2 avx2\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp i8mm\nCPU implementer\t: 0x41\n"


@pytest.fixture
def groups(tmp_path):
    """Write control group files, and ask for the quota: `groups({"a/cpu.max": "..."}, "0::/a")`."""

    def ask(files: dict[str, str], own: str):
        for name, content in files.items():
            path = tmp_path / "cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        (tmp_path / "own").write_text(own + "\n")
        return machine.cgroup_quota(tmp_path / "cgroup", tmp_path / "own")

    return ask


@pytest.fixture
def cpu(monkeypatch):
    """`cpu(architecture, text of /proc/cpuinfo)` is the CPU that is asked from then on."""

    def be(architecture: str, text: str) -> None:
        monkeypatch.setattr(machine, "_cpuinfo", text.splitlines)
        monkeypatch.setattr(machine.platform, "machine", lambda: architecture)

    return be


def test_a_container_has_its_quota_at_the_root(groups):
    assert groups({"cpu.max": "150000 100000\n"}, "0::/") == 1.5


def test_without_a_limit_there_is_no_quota(groups):
    assert groups({"cpu.max": "max 100000\n"}, "0::/") is None
    assert groups({}, "0::/nowhere") is None


def test_a_parents_quota_binds_too(groups):
    files = {
        "user.slice/cpu.max": "200000 100000",
        "user.slice/session/cpu.max": "max 100000",
        "user.slice/other/cpu.max": "50000 100000",
    }
    assert groups(files, "0::/user.slice/session") == 2.0


def test_the_least_quota_on_the_way_to_the_root_counts(groups):
    assert groups({"cpu.max": "400000 100000", "job/cpu.max": "100000 100000"}, "0::/job") == 1.0
    assert groups({"cpu.max": "50000 100000"}, "0::/job") == 0.5


@pytest.mark.parametrize("own", ["4:cpu,cpuacct:/docker/abc", "4:cpu:/docker/abc"])
def test_version_1_in_a_container_that_sees_the_host_path_of_its_group(groups, own):
    files = {"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000", "memory/cpu.cfs_quota_us": "1"}
    assert groups(files, f"5:memory:/docker/abc\n{own}") == 3.0


def test_version_1_under_the_joint_name_of_its_controllers(groups):
    files = {"cpu,cpuacct/job/cpu.cfs_quota_us": "50000", "cpu,cpuacct/job/cpu.cfs_period_us": "100000"}
    assert groups(files, "4:cpu,cpuacct:/job") == 0.5


def test_version_1_without_a_limit(groups):
    assert groups({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu:/") is None


@pytest.mark.parametrize("content", ["", "nonsense", "12"])
def test_a_file_that_says_nothing_sensible_is_no_limit(groups, content):
    assert groups({"cpu.max": content}, "0::/") is None


def test_a_system_without_control_groups_has_no_quota(tmp_path):
    assert machine.cgroup_quota(tmp_path, tmp_path / "missing") is None


@pytest.mark.parametrize(("quota", "expected"), [(None, 8), (2.5, 2), (0.5, 1), (64.0, 8)])
def test_cores_are_the_affinity_cut_by_the_quota_and_never_none(monkeypatch, quota, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    monkeypatch.setattr(machine, "cgroup_quota", lambda: quota)
    assert machine.cores() == expected


def test_cores_follow_the_affinity_of_this_process():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert machine.cores() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_the_features_that_matter_are_picked_from_the_flags(cpu):
    cpu("x86_64", X86)
    assert machine.cpu_features() == ["avx2", "avx512f", "avx512_vnni"]
    assert machine.cpu_name() == "AMD EPYC 9R14"
    assert machine.sums_int8_exactly() is True
    assert machine.in_words(machine.describe()) == "AMD EPYC 9R14 (avx2, avx512f, avx512_vnni)"


def test_avx2_alone_has_no_exact_int8_products(cpu):
    cpu("x86_64", PLAIN_X86)
    assert machine.sums_int8_exactly() is False


def test_no_feature_at_all_is_known(cpu):
    cpu("x86_64", "model name\t: Very Old\nflags\t\t: fpu\n")
    assert machine.cpu_features() == []
    assert machine.sums_int8_exactly() is False
    assert machine.in_words(machine.describe()) == "Very Old (no int8 features)"


def test_arm_has_its_own_names(cpu):
    cpu("aarch64", ARM)
    assert machine.cpu_features() == ["asimddp", "i8mm"]
    assert machine.sums_int8_exactly() is True
    assert machine.cpu_name()


@pytest.mark.parametrize(("architecture", "exact"), [("x86_64", None), ("AMD64", None), ("arm64", True)])
def test_a_system_that_does_not_tell_leaves_the_features_unknown(cpu, architecture, exact):
    cpu(architecture, "")
    assert machine.cpu_features() is None
    assert machine.sums_int8_exactly() is exact
    assert machine.cpu_name()
    assert machine.in_words(machine.describe()).endswith(" (int8 features unknown)")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [("avx2 avx512_bf16", True), ("amx_bf16", True), ("avx2 avx512f avx512_vnni", False), (None, False)],
)
def test_bfloat16_is_for_cpus_that_are_known_to_multiply_it(cpu, flags, expected):
    cpu("x86_64", "model name : some CPU" + (f"\nflags : {flags}" if flags else ""))
    assert machine.multiplies_bfloat16() is expected


def test_a_bundle_of_old_has_no_machine():
    assert machine.in_words({}) == "an unknown CPU (int8 features unknown)"


def test_the_description_is_json_and_the_same_every_time():
    assert json.loads(json.dumps(machine.describe())) == machine.describe()
    assert set(machine.describe()) == {"cpu", "architecture", "features"}
