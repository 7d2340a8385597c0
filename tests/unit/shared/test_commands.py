"""The commands' contract: strict at the door, normalised inside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from herald.commands import CancelMessage, SendMessage

BASE: dict[str, Any] = {
    "to": {"phone": "+1 555 000 2222", "email": "Ada@EXAMPLE.com"},
    "content": {"text": "Hello", "overrides": {"email": {"subject": "Hi"}}},
}


def read(**changes: Any) -> SendMessage:
    return SendMessage.model_validate_json(json.dumps(BASE | changes))


def test_addresses_are_normalised() -> None:
    """Phones become E.164 and e-mail domains lower case."""
    to = read().to
    assert (to.phone, to.email) == ("+15550002222", "Ada@example.com")


def test_whatsapp_defaults_to_the_phone() -> None:
    """An address of its own is only needed where it differs."""
    assert read().to.address_on("whatsapp") == "+15550002222"
    other = read(to={"phone": "+15550002222", "whatsapp": "+15550003333"})
    assert other.to.address_on("whatsapp") == "+15550003333"


def test_overrides_replace_only_their_parts() -> None:
    """A channel's content is the common one with the override's parts on top."""
    email = read().content.on("email")
    assert (email.text, email.subject) == ("Hello", "Hi")
    assert read().content.on("sms").subject is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"category": "spam"}, "category"),
        ({"ttl": "soon"}, "ttl"),
        ({"id": "no-uuid"}, "id"),
        ({"metadata": {"a": 1}}, "metadata"),
        ({"content": {"text": "a\x00b"}}, "content"),
        ({"content": {"subject": "a\r\nBcc: x"}}, "content"),
        ({"content": {"media": [{"url": "http://example.com/a"}]}}, "content"),
        ({"route": {"steps": []}}, "route"),
        ({"route": {"steps": [{"channel": "sms", "fallback_on": ["nonsense"]}]}}, "route"),
        ({"tenant": "Not A Name"}, "tenant"),
    ],
)
def test_error_names_its_field(changes: dict[str, Any], field: str) -> None:
    """What is wrong is told by the field's place, and only there."""
    with pytest.raises(ValidationError) as caught:
        read(**changes)
    assert {str(error["loc"][0]) for error in caught.value.errors()} == {field}


def test_fingerprint_covers_what_was_said() -> None:
    """Form, defaults, id and key don't count; another text does."""
    same = read(to={"email": "Ada@example.com", "phone": "+15550002222"}, idempotency_key="k")
    assert same.fingerprint() == read().fingerprint()
    assert read(content={"text": "Other"}).fingerprint() != read().fingerprint()
    assert read(category="transactional").fingerprint() != read().fingerprint()


@pytest.mark.parametrize("body", [{}, {"id": "x" * 36, "idempotency_key": "k"}])
def test_cancel_needs_one_name(body: dict[str, Any]) -> None:
    """A cancel gives an id or a key, not both and not none."""
    with pytest.raises(ValidationError):
        CancelMessage.model_validate_json(json.dumps(body))
