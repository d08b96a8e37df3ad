from __future__ import annotations

import os
from pathlib import Path

import pytest

from nnctl.runs.machine import usable_memory, usable_processors

MEMINFO = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    8000 kB\n"
AVAILABLE = 8000 * 1024


def tree(root: Path, files: dict[str, str]) -> Path:
    """Lay out what a kernel shows under /proc and /sys."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


def test_this_machine_has_processors_and_memory() -> None:
    assert 1 <= usable_processors() <= (os.cpu_count() or 1)
    assert usable_memory() > 1 << 20


def test_an_affinity_mask_counts(tmp_path: Path) -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert usable_processors(tmp_path) == 1
    finally:
        os.sched_setaffinity(0, allowed)
    assert usable_processors(tmp_path) == len(allowed)


V2 = {"proc/self/cgroup": "0::/outer/inner"}
V1 = {"proc/self/cgroup": "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n1:name=systemd:/docker/1"}
HYBRID = {"proc/self/cgroup": "2:memory:/\n1:cpu:/\n0::/inner"}


@pytest.mark.parametrize(
    "files",
    [
        {**V2, "sys/fs/cgroup/cpu.max": "100000 100000"},
        {**V2, "sys/fs/cgroup/outer/cpu.max": "150000 100000"},
        {
            **V2,
            "sys/fs/cgroup/outer/cpu.max": "max 100000",
            "sys/fs/cgroup/outer/inner/cpu.max": "1000 100000",
        },
        {
            **V1,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
        {
            **V1,
            "sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us": "50000",
            "sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us": "100000",
        },
        {**HYBRID, "sys/fs/cgroup/unified/inner/cpu.max": "100000 100000"},
    ],
    ids=["v2 root", "v2 parent", "v2 own", "v1 container", "v1 host", "hybrid"],
)
def test_the_tightest_processor_quota_holds(tmp_path: Path, files: dict[str, str]) -> None:
    assert usable_processors(tree(tmp_path, files)) == 1


@pytest.mark.parametrize(
    "files",
    [
        {},
        {**V2, "sys/fs/cgroup/cpu.max": "max 100000"},
        {**V2, "sys/fs/cgroup/cpu.max": ""},
        {**V2, "sys/fs/cgroup/cpu.max": "100000 0"},
        {**V2, "sys/fs/cgroup/other/cpu.max": "100000 100000"},
        {**V2, "sys/fs/cgroup/cpu.max": "100000000 100000"},
        {
            **V1,
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
    ],
    ids=["no files", "max", "empty", "no period", "another group", "above the machine", "v1 none"],
)
def test_without_a_quota_the_affinity_counts(tmp_path: Path, files: dict[str, str]) -> None:
    assert usable_processors(tree(tmp_path, files)) == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, AVAILABLE),
        ({**V2, "sys/fs/cgroup/memory.max": "max"}, AVAILABLE),
        ({**V2, "sys/fs/cgroup/outer/memory.max": "4096"}, 4096),
        (
            {
                **V2,
                "sys/fs/cgroup/outer/memory.max": "8192",
                "sys/fs/cgroup/outer/inner/memory.max": "4096",
            },
            4096,
        ),
        ({**V2, "sys/fs/cgroup/memory.max": str(1 << 50)}, AVAILABLE),
        ({**V1, "sys/fs/cgroup/memory/memory.limit_in_bytes": "4096"}, 4096),
        ({**V1, "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": "4096"}, 4096),
        ({**V1, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, AVAILABLE),
    ],
    ids=["none", "max", "parent", "nested", "above", "v1 container", "v1 host", "v1 none"],
)
def test_memory_is_what_is_available_within_the_limits(
    tmp_path: Path, files: dict[str, str], expected: int
) -> None:
    root = tree(tmp_path, {"proc/meminfo": MEMINFO, **files})
    assert usable_memory(root) == expected


def test_a_kernel_that_says_nothing_leaves_the_memory_of_the_machine(tmp_path: Path) -> None:
    physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert usable_memory(tmp_path) == physical
