"""What a person reads of an event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from herald.cli.event_lines import details, print_event
from herald.contracts.events import CommandData, Event, MessageData, event_type
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, MessageStatus, Outcome

HEARD = datetime(2026, 1, 19, 12, 0, 0, 625_000, tzinfo=UTC)


def _event(what: str, **changes: Any) -> Event[MessageData]:
    fields: dict[str, Any] = {
        "message_id": "00000000-0000-4000-8000-000000000001",
        "tenant": "default",
        "status": MessageStatus.SENT,
        "outcome": None,
        "terminal": False,
        "late": False,
        "sequence": 1,
        "occurred_at": HEARD,
        "received_at": HEARD,
        "channel": "sms",
        "idempotency_key": "k",
    }
    data = MessageData(**fields | changes)
    return Event[MessageData](
        id="1", type=event_type("message", what), subject="1", time=data.occurred_at, data=data
    )


def test_lines_follow_heralds_own_clock(capsys: pytest.CaptureFixture[str]) -> None:
    """A provider gives seconds only: by its clock what came later would seem earlier."""
    print_event(_event("delivered", occurred_at=HEARD.replace(microsecond=0)))
    local = HEARD.astimezone().strftime("%H:%M:%S.625")
    assert capsys.readouterr().out.startswith(local)


def test_a_failure_is_reported_with_the_providers_words() -> None:
    """A code alone sends its reader to the provider's handbook."""
    failure = Failure.of(FailureClass.UNREACHABLE, 131026, "Message undeliverable")
    shown = details(_event("failed", failure=failure, outcome=Outcome.FAILED, terminal=True))
    assert shown == "sms (unreachable 131026: Message undeliverable) => failed"


def test_a_refusal_is_reported_with_its_sentence() -> None:
    """`herald watch` explains codes, too."""
    data = CommandData(command="message.send", tenant="default", field="id", reason="id_taken")
    event = Event[CommandData](
        id="1", type=event_type("command", "rejected"), subject="1", time=HEARD, data=data
    )
    assert details(event).startswith("id: id_taken: another message has this id")


def test_time_never_runs_backwards(capsys: pytest.CaptureFixture[str]) -> None:
    """Events in the order in which they were heard have times in that order."""
    for step in range(3):
        heard = HEARD + timedelta(milliseconds=step)
        print_event(_event("sent", occurred_at=HEARD - timedelta(seconds=step), received_at=heard))
    times = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert times == sorted(times)
