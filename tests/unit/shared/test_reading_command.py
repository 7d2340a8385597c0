"""What the command line says when the router does not let it read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from herald.cli import reading
from herald.cli.application import application

ROUTER = "http://router.test:8002"
REFUSES = f"the router at {ROUTER} refuses"
REMEDY = "set HERALD_READ_TOKEN, or HERALD_READ_TOKEN_FILE to a file that holds one"


@pytest.mark.parametrize(
    ("status", "document", "code", "said"),
    [
        (0, None, 1, f"no router answers at {ROUTER}; set HERALD_ROUTER_URL to where it listens"),
        (
            401,
            {"error": "this token is not known"},
            2,
            f"{REFUSES}: this token is not known; {REMEDY}",
        ),
        (
            403,
            {"error": "this token may not read tenant b"},
            2,
            f"{REFUSES}: this token may not read tenant b",
        ),
        (404, {"error": "no such message"}, 2, "no message of tenant default is named order-17"),
        (
            421,
            None,
            2,
            f"{REFUSES}: add the host of HERALD_ROUTER_URL to [read_api] hosts",
        ),
        (503, {"error": "database away"}, 1, f"the router at {ROUTER} answers 503: database away"),
        (502, None, 1, f"the router at {ROUTER} answers 502: is its database up?"),
        (200, ["no", "message"], 1, f"the router at {ROUTER} answers 200: is its database up?"),
    ],
)
def test_one_line_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, status: int, document: Any, code: int, said: str
) -> None:
    """And the exit code is that of its kind: refused, or not done."""
    monkeypatch.setattr(reading, "ask", lambda *_, **__: (status, document))
    done = CliRunner().invoke(
        application, ["timeline", "order-17"], env={"HERALD_ROUTER_URL": ROUTER}
    )
    assert (done.exit_code, done.stderr.strip()) == (code, said)


def _sent(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> set[str | None]:
    """Return the tokens that a command asks its questions with."""
    sent: set[str | None] = set()

    def ask(*_: Any, token: str | None) -> tuple[int, Any]:
        sent.add(token)
        return 404, {}

    monkeypatch.setattr(reading, "ask", ask)
    names = {reading.TOKEN: "", reading.TOKEN_FILE: "", "HERALD_ROUTER_URL": ROUTER}
    CliRunner().invoke(application, ["timeline", "order-17"], env=names | environment)
    return sent


def test_the_token_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Or from a file, whatever ends its line; without either none is sent."""
    file = tmp_path / "token"
    file.write_text("from-file\r\n")
    assert _sent(monkeypatch, {}) == {None}
    assert _sent(monkeypatch, {reading.TOKEN_FILE: str(file)}) == {"from-file"}
    both = {reading.TOKEN: "given", reading.TOKEN_FILE: str(file)}
    assert _sent(monkeypatch, both) == {"given"}


@pytest.mark.parametrize("token", ["two\nlines", "a b", "é", " "])
def test_what_is_no_token_is_not_sent(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """A header could not hold it, or would hold more than one."""
    assert _sent(monkeypatch, {reading.TOKEN: token}) == set()
