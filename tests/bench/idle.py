"""What a service costs while it does nothing, and how soon it is ready, beside bare Python."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from herald_local import processes, services
from herald_local.progress import report
from herald_local.stack import Stack

SETTLE_SECONDS = 2
POLL_SECONDS = 0.01


def measure(stack: Stack) -> dict[str, Any]:
    """Start every service of Herald's anew, one at a time."""
    found: dict[str, Any] = {"bare_python": _bare()}
    for name in services.NAMES:
        if name == "sandbox":
            continue
        services.stop(stack, [name])
        started = time.perf_counter()
        services.launch(stack, name, die_with_parent=True)
        while not services.is_ready(stack, name):
            if processes.running_pid(stack.home, name) is None:
                raise RuntimeError(f"{name} has ended")
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - started
        time.sleep(SETTLE_SECONDS)
        pid = processes.running_pid(stack.home, name)
        assert pid is not None
        found[name] = {"ready_seconds": round(seconds, 2), "resident_mb": _resident_mb(pid)}
        report(f"{name}: {found[name]}")
    return found


def _bare() -> dict[str, float]:
    command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as bare:
        assert bare.stdout is not None
        bare.stdout.readline()
        seconds = time.perf_counter() - started
        resident = _resident_mb(bare.pid)
        bare.communicate(b"")
    return {"ready_seconds": round(seconds, 2), "resident_mb": resident}


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0
