"""Free ports, of which processes that start stacks at once must not choose the same."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from herald_local.ports import CANDIDATES, free_port, is_free

HOLDING = "from herald_local.ports import free_port; print(free_port(), flush=True); input()"


def test_a_port_that_another_process_chose_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nothing listens there yet; once that process has ended it is."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        theirs = int(other.stdout.readline())
        drawn = iter([theirs, *CANDIDATES])
        monkeypatch.setattr(random, "choice", lambda _: next(drawn))
        assert is_free(theirs)
        assert free_port() != theirs
        other.stdin.write("\n")
    monkeypatch.setattr(random, "choice", lambda _: theirs)
    assert free_port() == theirs
