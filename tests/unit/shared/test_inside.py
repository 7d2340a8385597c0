"""Contracts between services: lenient, so that a rolling deploy never dead-letters anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from herald.contracts.content import ChannelContent, Content
from herald.contracts.receipts import (
    MAX_ELEMENT_BYTES,
    MAX_ELEMENT_LEVELS,
    RECEIPT,
    AttemptReceipt,
    bounded_element,
)
from herald.contracts.vocabulary import FailureClass, InboundKind, Status
from herald.contracts.work import Work

NOW = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)
ATTEMPT: dict[str, Any] = {
    "kind": "attempt",
    "source": "webhook",
    "channel": "sms",
    "provider": "twilio",
    "account": "twilio-main",
    "attempt_id": "00000000-0000-4000-8000-000000000001.1.1",
    "status": "delivered",
    "event_key": "e1",
    "received_at": "2026-01-19T12:00:00Z",
}
INBOUND: dict[str, Any] = {
    "kind": "inbound",
    "channel": "sms",
    "provider": "twilio",
    "account": "twilio-main",
    "reference": "SM1",
    "sender": "+15550002222",
    "content": "text",
    "received_at": "2026-01-19T12:00:00Z",
}


def _read(fields: dict[str, Any], **changes: Any) -> Any:
    return RECEIPT.validate_json(json.dumps(fields | changes))


def test_unknown_fields_are_ignored() -> None:
    """A newer peer may say more than we understand."""
    assert _read(ATTEMPT, mood="good").status is Status.DELIVERED
    assert _read(INBOUND, mood="good").reference == "SM1"


STRANGE_WORDS: list[Any] = ["teleported", "", 7, None, True, ["sent"], {"a": "sent"}]


@pytest.mark.parametrize("word", STRANGE_WORDS)
def test_unknown_words_become_other(word: Any) -> None:
    """A status, class or kind nobody knows, of whatever type, is read as the harmless one."""
    assert _read(ATTEMPT, status=word).status is Status.OTHER
    assert _read(INBOUND, content=word).content is InboundKind.OTHER
    failed = _read(ATTEMPT, status="failed", failure={"class": word})
    assert failed.failure.failure_class is FailureClass.PERMANENT


BROKEN: list[dict[str, Any]] = [
    {"kind": "telegram"},
    {"received_at": "yesterday"},
    {"source": "guess"},
    {"references": "SM1"},
    {"event_key": None},
]


@pytest.mark.parametrize("changes", BROKEN)
def test_what_can_not_be_read_is_an_error(changes: dict[str, Any]) -> None:
    """A receipt that lacks what matters is an error of one kind, for the dead letters."""
    with pytest.raises(ValidationError):
        _read(ATTEMPT, **changes)


def test_the_same_fact_has_the_same_id() -> None:
    """A receipt's id is made of attempt, status and the provider's event, not of the moment."""
    first = _read(ATTEMPT)
    assert first.receipt_id == _read(ATTEMPT, received_at="2026-01-20T12:00:00Z").receipt_id
    for change in ({"status": "read"}, {"event_key": "e2"}, {"account": "other"}):
        assert _read(ATTEMPT, **change).receipt_id != first.receipt_id


def test_a_receipt_by_reference_is_named_by_it() -> None:
    """Without an attempt id the provider's own id takes its place."""
    receipt = _read(ATTEMPT, attempt_id=None, references=["SM1"])
    assert receipt.receipt_id != _read(ATTEMPT, attempt_id=None, references=["SM2"]).receipt_id


def test_a_receipt_reads_back() -> None:
    """What one service writes another reads as the same."""
    receipt = AttemptReceipt.model_validate(
        ATTEMPT | {"status": "failed", "failure": {"class": "content", "retry_after": "5m"}}
    )
    assert RECEIPT.validate_json(receipt.model_dump_json(exclude_none=True)) == receipt


def test_an_element_is_bounded() -> None:
    """A provider's words are kept whole up to 32 KiB, beyond that as a start that says so."""
    small = {"a": "b\x00"}
    assert bounded_element(small) == {"a": "b\N{REPLACEMENT CHARACTER}"}
    cut = bounded_element({"a": "x" * MAX_ELEMENT_BYTES})
    assert cut["truncated"] is True
    assert cut["bytes"] > MAX_ELEMENT_BYTES
    assert len(json.dumps(cut)) < 4096


@given(st.integers(1, 190), st.booleans())
def test_a_deep_element_is_bounded(levels: int, is_wide: bool) -> None:
    """It is kept whole up to 64 levels, however much stands beside them, and else as a start."""
    element: Any = "x"
    for _ in range(levels):
        element = [element, *([{}] * 40 if is_wide else [])]
    bounded = bounded_element(element)
    assert bounded == element if levels <= MAX_ELEMENT_LEVELS else bounded["truncated"] is True


def test_an_override_replaces_only_what_it_sets() -> None:
    """A part set on a channel replaces the common one there; a part set to null removes it."""
    content = Content.model_validate(
        {
            "text": "Hello",
            "subject": "Hi",
            "overrides": {"sms": {"text": "Hey"}, "email": {"text": None, "html": "<b>x</b>"}},
        }
    )
    assert content.on("sms").text == "Hey"
    assert content.on("sms").subject == "Hi"
    assert (content.on("email").text, content.on("email").html) == (None, "<b>x</b>")
    assert content.on("whatsapp").text == "Hello"


SAYING = [
    ({"text": "x"}, True),
    ({"html": "<p>"}, True),
    ({"media": [{"url": "https://example.com/a"}]}, True),
    ({"template": {"name": "x"}}, True),
    ({"subject": "x"}, False),
    ({}, False),
]


@pytest.mark.parametrize(("parts", "says"), SAYING)
def test_a_subject_alone_says_nothing(parts: dict[str, Any], *, says: bool) -> None:
    """There must be something to send."""
    content = ChannelContent.model_validate_json(json.dumps(parts))
    assert content.says_something is says


def test_work_is_lenient() -> None:
    """An older worker ignores what a newer router adds, in the content too."""
    work = Work.model_validate(
        {
            "attempt_id": "a",
            "message_id": "m",
            "tenant": "default",
            "channel": "sms",
            "lane": "normal",
            "category": "otp",
            "to": "+15550002222",
            "content": {"text": "Hello", "hologram": "x"},
            "not_after": NOW,
            "weather": "fine",
        }
    )
    assert work.dispatch == 1
    assert work.content.text == "Hello"
