"""How many processors and how much memory this process may really use.

A container sees the processors and the memory of its host, and is held to less by its control
group. https://docs.kernel.org/admin-guide/cgroup-v2.html, and the same for v1.
`root` is where the file system of the kernel is looked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
KIBIBYTE = 1024


def usable_processors(root: Path = ROOT) -> int:
    """Return the processors that this process may keep busy at once, at least 1.

    The fewest of what the machine has, what the affinity mask allows (`taskset`), and the whole
    processors of the control groups' quotas: more threads than that would only be throttled.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    available = len(affinity(0)) if affinity else os.cpu_count() or 1
    quotas = [int(quota) for quota in _processor_quotas(root)]
    return max(1, min([available, *quotas]))


def usable_memory(root: Path = ROOT) -> int:
    """Return the bytes that this process may still expect to get.

    The least of what the kernel calls available and the limits of the control groups.
    """
    return min([_available_memory(root), *_memory_limits(root)])


def _processor_quotas(root: Path) -> Iterator[float]:
    for group in _control_groups(root, "unified"):
        quota, _, period = _read(group / "cpu.max").partition(" ")
        yield from _quotient(quota, period)
    for group in _control_groups(root, "cpu"):
        quota = _read(group / "cpu.cfs_quota_us")  # -1: no limit
        yield from _quotient(quota, _read(group / "cpu.cfs_period_us"))


def _quotient(quota: str, period: str) -> Iterator[float]:
    if quota.isdecimal() and period.isdecimal() and int(period) > 0:
        yield int(quota) / int(period)


def _memory_limits(root: Path) -> Iterator[int]:
    files = {"unified": "memory.max", "memory": "memory.limit_in_bytes"}
    for controller, file in files.items():
        for group in _control_groups(root, controller):
            limit = _read(group / file)
            if limit.isdecimal():  # not "max"
                yield int(limit)


def _available_memory(root: Path) -> int:
    match = re.search(r"^MemAvailable:\s*(\d+) kB", _read(root / "proc/meminfo"), re.MULTILINE)
    if match:
        return int(match[1]) * KIBIBYTE
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _control_groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield this process's group and all groups around it: the limits of each of them hold.

    Inside a container the path may be the host's, and only the outermost directory exists.
    """
    mount = root / "sys/fs/cgroup"
    mounts = [mount, mount / "unified"] if controller == "unified" else [mount / controller]
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")  # v2 names no controllers
        if controller in (controllers or "unified").split(","):
            group = Path(path.lstrip("/"))
            for place in mounts:
                yield from (place / part for part in (group, *group.parents))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
