"""What `herald topology check` says and how it ends, by what could be compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from herald.bus import checking
from herald.bus.drift import Comparison, Drift
from herald.cli.application import application

EXAMPLE = Path(__file__).parents[3] / "docs" / "herald.example.toml"
DRIFT = Drift("queue", "router.control", "missing")
UNSEEN = ("bindings", "policies")
MANAGEMENT = "HERALD_RABBITMQ_MANAGEMENT_URL"


def check(monkeypatch: pytest.MonkeyPatch, found: Comparison, *options: str) -> Result:
    async def compare(*_: Any, **__: Any) -> Comparison:
        return found

    monkeypatch.setattr(checking, "check", compare)
    environment = {
        "HERALD_AMQP_URL": "amqp://guest:guest@127.0.0.1:1/",
        "HERALD_CONFIG": str(EXAMPLE),
        MANAGEMENT: "",
    }
    return CliRunner().invoke(application, ["topology", "check", *options], env=environment)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (Comparison(()), 0),
        (Comparison((), UNSEEN), 3),
        (Comparison((DRIFT,)), 1),
        (Comparison((DRIFT,), UNSEEN), 1),
    ],
)
def test_the_exit_code_tells_what_is_known(
    monkeypatch: pytest.MonkeyPatch, found: Comparison, code: int
) -> None:
    """A difference is 1; nothing wrong but not everything seen is 3, and never a silent 0."""
    done = check(monkeypatch, found)
    assert done.exit_code == code
    assert (str(DRIFT) in done.stdout) == bool(found.differences)
    assert ("not seen: bindings, policies" in done.stderr) == bool(found.unseen)
    assert (MANAGEMENT in done.stderr) == bool(found.unseen)
    assert ("no differences\n" in done.stdout) == (code == 0)


def test_json_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs get differences and what was not seen as lists."""
    done = check(monkeypatch, Comparison((DRIFT,), UNSEEN), "--json")
    document = json.loads(done.stdout)
    assert document == {"differences": [str(DRIFT)], "unseen": list(UNSEEN)}


def test_much_that_is_unseen_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line names a few and counts the rest."""
    done = check(monkeypatch, Comparison((), tuple(f"arguments of queue {n}" for n in range(20))))
    assert "and 15 more" in done.stderr
    assert "queue 7" not in done.stderr
