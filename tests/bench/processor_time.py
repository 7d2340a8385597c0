"""The processor time that each process of a stack has used, by its name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from herald_local import processes
from herald_local.stack import Stack

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_MICROSECONDS = 1_000_000


def seconds_by_process(stack: Stack) -> dict[str, float]:
    """Return the seconds used so far by all that runs of a stack, its children included."""
    children = _children()
    pids = {
        name: pid
        for name in processes.recorded(stack.home)
        if (pid := processes.running_pid(stack.home, name)) is not None
    }
    return {name: sum(_used(each) for each in _family(pid, children)) for name, pid in pids.items()}


def per_message(
    before: Mapping[str, float], after: Mapping[str, float], messages: int
) -> dict[str, int]:
    """Return the microseconds that each process spent on one of `messages`."""
    return {
        name: round((after[name] - before[name]) * _MICROSECONDS / messages)
        for name in after
        if name in before
    }


def idle_share(
    before: Mapping[str, float], after: Mapping[str, float], seconds: float
) -> dict[str, float]:
    """Return the percentage of a core that each process used over `seconds`."""
    return {
        name: round((after[name] - before[name]) * 100 / seconds, 1)
        for name in after
        if name in before
    }


def _family(pid: int, children: Mapping[int, list[int]]) -> Iterator[int]:
    yield pid
    for child in children.get(pid, []):
        yield from _family(child, children)


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and (fields := _stat(int(path.name))):
            found.setdefault(int(fields[1]), []).append(int(path.name))
    return found


def _used(pid: int) -> float:
    """Return what a process and its children that have ended used, in user and kernel mode."""
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / _TICKS_PER_SECOND if fields else 0.0


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat from the third on; none: it has ended (proc(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
