"""Processes of a stack: started apart from the terminal, found again by pid file, ended by pid."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from herald_local.errors import ProgramError

POLL_SECONDS = 0.05
KILLED_SECONDS = 10
PROC = Path("/proc")

# Python ignores the first, a shell's `&` the second: what we start shall not inherit that.
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGINT)


def log_file(home: Path, name: str) -> Path:
    """Where a process of the stack in `home` writes its log."""
    return home / "logs" / f"{name}.log"


def log_tail(home: Path, name: str, lines: int = 15) -> str:
    """Return the last lines of a process's log, indented."""
    try:
        text = log_file(home, name).read_text(errors="replace")
    except FileNotFoundError:
        return "    (no log)"
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:]) or "    (empty log)"


def launch(home: Path, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Start a process in a session of its own, its output appended to its log; return its pid.

    Raises:
        ProgramError: the program can't be run.
    """
    log = log_file(home, name)
    log.parent.mkdir(parents=True, exist_ok=True)
    writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        pid = os.posix_spawnp(
            arguments[0],
            list(arguments),
            dict(environment),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), writing, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsigdef=_DEFAULT_SIGNALS,
            setsid=True,  # Ctrl-C reaches the runner alone, which stops the rest in order
        )
    except OSError as error:
        raise ProgramError(f"{arguments[0]}: {error.strerror}") from None
    pid_file = _pid_file(home, name)
    pid_file.parent.mkdir(parents=True, exist_ok=True)
    pid_file.write_text(f"{pid} {_birth(pid)}\n")
    return pid


def running_pid(home: Path, name: str) -> int | None:
    """Return the pid of a process of the stack, or None when it has ended.

    A pid file left by a crash does not count, even when another process has that pid today.
    """
    try:
        pid, birth = _pid_file(home, name).read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return int(pid) if _birth(int(pid)) == birth else None


def recorded(home: Path) -> list[str]:
    """Return the names of all processes that have a pid file, running or not."""
    return sorted(path.name for path in (home / "pids").glob("*"))


def stop(
    home: Path,
    names: Iterable[str],
    *,
    first_signal: signal.Signals = signal.SIGTERM,
    patience_seconds: float = 20,
) -> None:
    """End processes together: a signal each, and after `patience_seconds` SIGKILL.

    Raises:
        ProgramError: one outlived even SIGKILL.
    """
    names = list(names)
    _signal(home, names, first_signal)
    if not _all_end(home, names, patience_seconds):
        _signal(home, names, signal.SIGKILL)
        if not _all_end(home, names, KILLED_SECONDS):
            left = [name for name in names if running_pid(home, name)]
            raise ProgramError(f"still running after SIGKILL: {', '.join(left)}")
    for name in names:
        _pid_file(home, name).unlink(missing_ok=True)


def _signal(home: Path, names: Iterable[str], number: signal.Signals) -> None:
    for name in names:
        pid = running_pid(home, name)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def _all_end(home: Path, names: Iterable[str], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(running_pid(home, name) for name in names):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _pid_file(home: Path, name: str) -> Path:
    return home / "pids" / name


def _birth(pid: int) -> str | None:
    """Return when a process started, in clock ticks since boot; None: it does not run."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # a child that has ended would stay as a zombie
    if not (PROC / "self").exists():
        return _lives(pid)
    try:
        # proc(5): the name in parentheses may hold anything; what follows starts with field 3
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, threads, birth = fields[0], int(fields[17]), fields[19]
    # a zombie whose other threads still run holds its ports
    return None if state in {"Z", "X"} and threads <= 1 else birth


def _lives(pid: int) -> str | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    return "unknown"
