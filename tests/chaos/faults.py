"""The harm done: processes ended by pid, servers stopped and started again on the same data."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Collection
from typing import Any

from herald_local import processes, services
from herald_local.stack import Stack
from herald_local.waiting import wait_until
from herald_local.web import call

HERALD = tuple(name for name in services.NAMES if name != "sandbox")
USERS_OF_DATABASE = tuple(name for name in HERALD if name != "ingress")
DOWN_SECONDS = 3.0  # how long a killed service stays away
NOTICE_SECONDS = 15  # the database is looked at every 2 s, each look with a limit of its own


def kill(stack: Stack, name: str) -> None:
    """End a service with SIGKILL and leave it down for a while; the others stay ready."""
    services.kill(stack, [name])
    time.sleep(DOWN_SECONDS)
    expect_trouble(stack, {name}, part=None)


def restart(stack: Stack, name: str) -> None:
    """Start a service and wait until all are ready."""
    services.start(stack, [name], die_with_parent=True)
    services.wait_ready(stack)


def suspend(stack: Stack, name: str, seconds: float) -> None:
    """Stop a service where it is, as a frozen machine does, and let it go on after a while."""
    pid = processes.running_pid(stack.home, name)
    assert pid is not None, f"{name} does not run"
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)


def terminate(stack: Stack, name: str) -> float:
    """Ask a service to end and return the seconds it took; it must say that it ended in order."""
    pid = processes.running_pid(stack.home, name)
    assert pid is not None, f"{name} does not run"
    started = time.monotonic()
    os.kill(pid, signal.SIGTERM)
    wait_until(
        lambda: processes.running_pid(stack.home, name) is None,
        timeout_seconds=services.STOP_SECONDS,
        complaint=lambda: f"{name} did not end: {processes.log_tail(stack.home, name)}",
    )
    said = processes.log_tail(stack.home, name, lines=5)
    assert '.stopped"' in said, f"{name} ended otherwise than in order: {said}"
    return time.monotonic() - started


def expect_trouble(stack: Stack, names: Collection[str], *, part: str | None) -> None:
    """Wait until these services' readiness names the broken part, and check that others are ready.

    `part=None`: these services do not answer at all.
    """
    wait_until(
        lambda: all(_names(failing_checks(stack, name), part) for name in names),
        timeout_seconds=NOTICE_SECONDS,
        complaint=lambda: f"readiness: {_all_checks(stack)}, not {part} at {sorted(names)}",
    )
    others = {name: failing_checks(stack, name) for name in HERALD if name not in names}
    assert not any(said != set() for said in others.values()), f"readiness: {others}"


def failing_checks(stack: Stack, name: str) -> set[str] | None:
    """Return what a service's readiness complains of; None when it does not answer."""
    answer = call("GET", f"{stack.operations_url(name)}/readyz")
    if answer.status == 0:
        return None
    document: dict[str, Any] = json.loads(answer.body)
    said = {check: text for check, text in document["checks"].items() if text != "ok"}
    failing = said.keys() - services.LASTING
    # without its broker ingress still takes what would not be retried, and keeps it
    ready = not failing or (name == "ingress" and "webhooks" not in failing)
    assert document["ready"] == ready, f"{name}: {document}"
    assert answer.status == (200 if ready else 503), f"{name}: {answer.status}: {document}"
    return failing


def _names(said: set[str] | None, part: str | None) -> bool:
    return said is None if part is None else said is not None and part in said


def _all_checks(stack: Stack) -> dict[str, set[str] | None]:
    return {name: failing_checks(stack, name) for name in HERALD}
