"""What the bus kit costs is measured beside a stand-in for the broker, which must still do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import bus_steps

TESTS = Path(__file__).parents[2]


def test_groups_and_batches_are_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is published is confirmed by the stand-in, and what it delivers is received."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS))  # for the stand-in's process
    for name, value in {"MESSAGES": 8, "ROUNDS": 1, "GROUPS": (2,), "BATCHES": (2,)}.items():
        monkeypatch.setattr(bus_steps, name, value)
    bus_steps.main()
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["published_in_groups_of"]["2"] > 0
    assert found["received_in_batches_of"]["2"] > 0
