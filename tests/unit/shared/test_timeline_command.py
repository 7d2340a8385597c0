"""What `herald timeline` makes of the router's answer."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from herald.cli import timeline as command
from herald.cli.timeline import _attempts, _headline

MESSAGE: dict[str, Any] = {
    "id": "00000000-0000-4000-8000-000000000001",
    "tenant": "default",
    "idempotency_key": "k",
    "status": "queued",
    "outcome": None,
    "category": "transactional",
    "lane": "normal",
    "created_at": "2026-01-19T12:00:00.000+00:00",
    "ended_at": None,
    "expires_at": "2026-01-20T12:00:00.000+00:00",
    "next_action_at": None,
    "send_at": None,
}
ATTEMPT: dict[str, Any] = {
    "attempt_id": f"{MESSAGE['id']}.1.1",
    "channel": "whatsapp",
    "account": "wa-main",
    "status": "failed",
    "failure": {"class": "unreachable", "code": "131026", "text": "Message undeliverable"},
    "provider_message_id": "wamid.1",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "queued, under way"),
        ({"send_at": "2026-01-19T18:00:00.000+00:00"}, "queued, scheduled for 19 Jan "),
        ({"status": "delivered", "outcome": "succeeded"}, "delivered, succeeded"),
    ],
)
def test_a_message_that_waits_for_its_time_says_so(changes: dict[str, Any], said: str) -> None:
    """Nothing is under way before `send_at`."""
    assert said in _headline(MESSAGE | changes).plain


def test_an_attempts_failure_is_reported_with_the_providers_words() -> None:
    """A code alone sends its reader to the provider's handbook."""
    console = Console(width=200, record=True, file=StringIO())
    console.print(_attempts({"attempts": [ATTEMPT]}))
    assert "unreachable 131026: Message undeliverable" in console.export_text()


def test_words_in_brackets_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key is its producer's, whatever brackets mean to the terminal's colours."""
    names = ("rejected_at", "command", "field", "dead_letter", "reason", "replayed_at")
    refused = dict.fromkeys(names) | {"rejected_at": MESSAGE["created_at"], "reason": "[b]"}
    monkeypatch.setattr(command, "_fetch", lambda *_: None)
    monkeypatch.setattr(command, "_rejections", lambda *_: [refused])
    command.timeline("order [bold]7", tenant="default", as_json=False)
    shown = capsys.readouterr().out
    assert "order [bold]7" in shown
    assert "[b]" in shown
