"""Processes of a stack: launched, found again, ended."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

from herald_local import processes
from herald_local.errors import ProgramError
from herald_local.waiting import wait_until

ENVIRONMENT = dict(os.environ)
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
IGNORES_SIGTERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(60)
"""
PARENT = """
import sys
from pathlib import Path
from herald_local import processes
from herald_local.parent_death import dying_with_parent
command = dying_with_parent([sys.executable, "-c", sys.argv[2]])
processes.launch(Path(sys.argv[1]), "child", command, {})
import time; time.sleep(60)
"""


def test_a_launched_process_is_found_until_it_is_stopped(tmp_path: Path) -> None:
    """A pid file names a running process and goes away with it."""
    pid = processes.launch(tmp_path, "sleeper", SLEEP, ENVIRONMENT)
    assert processes.running_pid(tmp_path, "sleeper") == pid
    assert processes.recorded(tmp_path) == ["sleeper"]
    processes.stop(tmp_path, ["sleeper"])
    assert processes.running_pid(tmp_path, "sleeper") is None
    assert processes.recorded(tmp_path) == []


def test_another_process_under_an_old_pid_is_left_alone(tmp_path: Path) -> None:
    """A pid file of an earlier process is no licence to end today's owner of the pid."""
    pid = processes.launch(tmp_path, "innocent", SLEEP, ENVIRONMENT)
    (tmp_path / "pids" / "crashed").write_text(f"{pid} 1\n")
    assert processes.running_pid(tmp_path, "crashed") is None
    processes.stop(tmp_path, ["crashed"])
    assert processes.running_pid(tmp_path, "innocent") == pid
    processes.stop(tmp_path, ["innocent"])


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """After the time to end comes SIGKILL."""
    processes.launch(tmp_path, "stubborn", [sys.executable, "-c", IGNORES_SIGTERM], ENVIRONMENT)
    wait_until(
        lambda: "ready" in processes.log_tail(tmp_path, "stubborn"),
        timeout_seconds=10,
        complaint=lambda: "it did not start",
    )
    started = time.monotonic()
    processes.stop(tmp_path, ["stubborn"], patience_seconds=0.3)
    assert processes.running_pid(tmp_path, "stubborn") is None
    assert 0.3 <= time.monotonic() - started < 5


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is missing")
def test_a_process_dies_with_its_killed_parent(tmp_path: Path) -> None:
    """SIGKILL to the runner, which can clean nothing up, ends what it launched."""
    parent = [sys.executable, "-c", PARENT, str(tmp_path), "import time; time.sleep(60)"]
    processes.launch(tmp_path, "parent", parent, ENVIRONMENT)
    wait_until(
        lambda: processes.running_pid(tmp_path, "child") is not None,
        timeout_seconds=10,
        complaint=lambda: processes.log_tail(tmp_path, "parent"),
    )
    processes.stop(tmp_path, ["parent"], first_signal=signal.SIGKILL)
    wait_until(
        lambda: processes.running_pid(tmp_path, "child") is None,
        timeout_seconds=30,
        complaint=lambda: "the child lives on",
    )


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    """A program that is not there is an error with its name."""
    with pytest.raises(ProgramError, match="no-such-program"):
        processes.launch(tmp_path, "nothing", ["no-such-program"], ENVIRONMENT)
