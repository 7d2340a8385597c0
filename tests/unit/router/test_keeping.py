"""How the router keeps things: outbox rows, dead letters, deadlines, one history row a fact."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.bus.deliveries import Delivery
from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.commands import MAX_COMMAND_BYTES
from herald.contracts.vocabulary import FailureClass, Outcome, Status
from router.commands import Envelope, Rejection
from router.core.deadlines import due_at, passed, silence_at
from router.core.decide import decide
from router.core.stored import PLAN
from router.dead_letters import (
    MAX_KEPT_BYTES,
    START_BYTES,
    DeadLetter,
    dead_letter_from_command,
    dead_letter_from_delivery,
)
from router.store.outbox import decode, encode
from unit.router.making import (
    NOW,
    begun,
    message,
    receipt,
    seconds,
    step,
)

OUTGOING = OutgoingMessage(
    "herald.events", "message.sent.default", b'{"a": "\xc3\xa9"}', "id-1", "type-1"
)


@given(
    text=st.text(),
    correlation=st.none() | st.text(max_size=50),
    mandatory=st.booleans(),
)
def test_a_message_survives_the_outbox(
    text: str, correlation: str | None, *, mandatory: bool
) -> None:
    """A swept message is the same, whatever its text."""
    body = json.dumps({"text": text}, ensure_ascii=False).encode("utf-8", "replace")
    message = OutgoingMessage("e", "k", body, "id", "type", correlation, mandatory=mandatory)
    assert decode(encode([message, OUTGOING])) == [message, OUTGOING]


def test_an_outbox_row_is_readable() -> None:
    """An operator can read a row as plain JSON."""
    [row] = json.loads(encode([OUTGOING]))
    assert row["routing_key"] == "message.sent.default"
    assert row["body"] == '{"a": "é"}'


def _dead(**changes: Any) -> Delivery:
    death = {
        "queue": "outbound.sms.normal",
        "reason": "delivery_limit",
        "exchange": "herald.outbound",
        "routing-keys": ["sms.normal"],
    }
    fields: dict[str, Any] = {
        "body": b"{}",
        "routing_key": "outbound.sms.normal",
        "message_id": "message-1",
        "headers": {"x-death": [death]},
    }
    return Delivery(**fields | changes)


def test_a_dead_letter_says_where_and_why_it_died() -> None:
    """Queue, reason, exchange and key are the broker's own record."""
    dead_letter = dead_letter_from_delivery(_dead())
    assert (dead_letter.queue, dead_letter.reason) == ("outbound.sms.normal", "delivery_limit")
    assert (dead_letter.exchange, dead_letter.routing_key) == ("herald.outbound", "sms.normal")
    assert dead_letter.id == "outbound.sms.normal:message-1"


def test_a_quarantined_webhook_has_the_reason_of_ingress() -> None:
    """What ingress puts there itself never died: its own header says why."""
    dead_letter = dead_letter_from_delivery(
        _dead(routing_key="ingress.quarantine", headers={"reason": "no_status"})
    )
    assert (dead_letter.queue, dead_letter.reason) == ("ingress.quarantine", "no_status")


STRANGE: list[dict[str, Any]] = [
    {"headers": {"x-death": "nonsense"}},
    {"headers": {"x-death": [7]}},
    {"headers": {"x-death": [{"queue": None, "routing-keys": []}]}},
    {"headers": {"a\x00b": "c\x00d", "when": NOW, "n": float("nan")}},
    {"message_id": None},
    {"body": b"\xff" * (MAX_KEPT_BYTES + 1)},
    {"message_id": "x" * 1000},
]


@pytest.mark.parametrize("changes", STRANGE)
def test_any_dead_letter_can_be_kept(changes: dict[str, Any]) -> None:
    """Whatever its headers and body, a dead letter fits the table."""
    dead_letter = dead_letter_from_delivery(_dead(**changes))
    assert "\x00" not in dead_letter.id + dead_letter.headers
    assert isinstance(json.loads(dead_letter.headers), dict)
    assert len(dead_letter.id) <= 512
    assert len(dead_letter.body) <= MAX_KEPT_BYTES


TOO_LARGE = Rejection(
    envelope=Envelope(body=b"x" * (MAX_COMMAND_BYTES + 1), routing_key="message.send"),
    field="",
    reason="larger than 256 KiB",
)


@pytest.mark.parametrize(
    ("dead_letter", "size"),
    [
        (dead_letter_from_delivery(_dead(body=b"x" * (MAX_KEPT_BYTES + 1))), MAX_KEPT_BYTES + 1),
        (
            dead_letter_from_command(
                Rejection(
                    envelope=Envelope(
                        body=b"x" * (MAX_COMMAND_BYTES + 1), routing_key="message.send"
                    ),
                    field="",
                    reason="too large",
                )
            ),
            MAX_COMMAND_BYTES + 1,
        ),
    ],
)
def test_of_what_is_too_large_its_start_is_kept(dead_letter: DeadLetter, size: int) -> None:
    """Enough to see what it was, and its size; not so much that it fills the disk."""
    assert dead_letter.body == b"x" * START_BYTES
    assert json.loads(dead_letter.headers)["body_bytes"] == size


def test_deadlines_are_the_nearest_of_their_kind() -> None:
    """The clock's own deadlines and those of silence are kept apart, each at its nearest."""
    waiting = message(
        send_at=NOW + seconds(5),
        retry_at=NOW + seconds(3),
        start_by=NOW + seconds(7),
        fallback_at=NOW + seconds(6),
    )
    assert due_at(waiting) == NOW + seconds(3)
    assert silence_at(waiting) == NOW + seconds(6)


@pytest.mark.parametrize("status", [Status.DELIVERED, Status.READ])
def test_an_ended_message_has_no_deadline(status: Status) -> None:
    """Nothing is looked at again after the outcome."""
    ended = decide(begun(), receipt(begun(), status), NOW).message
    assert ended.outcome is Outcome.SUCCEEDED
    assert (due_at(ended), silence_at(ended)) == (None, None)


def test_a_deadline_passes_at_its_moment() -> None:
    """At or after is passed; unset or unjudged is not."""
    assert passed(NOW, NOW)
    assert not passed(NOW, NOW - seconds(1))
    assert not passed(None, NOW)
    assert not passed(NOW, None)


def test_a_plan_survives_storage() -> None:
    """Every option of a step comes back from the database as it was resolved."""
    plan = begun(
        step("sms", sender="+1", account="a", start_within=None, fallback_on=frozenset()),
        step("email", fallback_on=frozenset(FailureClass)),
    ).plan
    assert PLAN.read(PLAN.write(plan)) == plan
