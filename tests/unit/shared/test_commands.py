"""What users may say in a command, and what makes two commands the same."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from herald.contracts.commands import Recipient, SendMessage

COMMAND: dict[str, Any] = {
    "to": {"phone": "+1 555 000 2222"},
    "content": {"text": "Hello"},
}


def _command(**changes: Any) -> SendMessage:
    return SendMessage.model_validate_json(json.dumps(COMMAND | changes))


def _inline(*classes: str) -> dict[str, Any]:
    return {"steps": [{"channel": "sms", "fallback_on": list(classes)}]}


SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"to": {"phone": "+15550002222"}}),
    ({}, {"id": "00000000-0000-4000-8000-00000000abcd"}),
    ({}, {"idempotency_key": "k"}),
    ({}, {"tenant": "other"}),
    ({}, {"dry_run": False}),
    ({"ttl": "60s"}, {"ttl": "PT1M"}),
    ({"send_at": "2026-01-19T12:00:00Z"}, {"send_at": "2026-01-19T13:00:00+01:00"}),
    ({"expires_at": "2026-01-19T12:00:00Z"}, {"expires_at": "2026-01-19T12:00:00.000+00:00"}),
    ({"metadata": {"a": "1", "b": "2"}}, {"metadata": {"b": "2", "a": "1"}}),
    (
        {"to": {"phone": "+15550002222", "email": "Jane@EXAMPLE.com"}},
        {"to": {"email": "Jane@example.com", "phone": "+15550002222"}},
    ),
    (
        {"route": _inline("auth", "content", "transient")},
        {"route": _inline("transient", "auth", "content")},
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_message_has_the_same_fingerprint(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Spelling, order and the command's own names make no other message of it."""
    assert _command(**one).fingerprint() == _command(**other).fingerprint()


DIFFERENT: list[dict[str, Any]] = [
    {"content": {"text": "Hello!"}},
    {"to": {"phone": "+15550003333"}},
    {"category": "otp"},
    {"category": "transactional"},  # set, though to the default
    {"route": "other"},
    {"route": _inline("auth")},
    {"ttl": "1h"},
    {"metadata": {"a": "1"}},
    {"sender": "other"},
]


@pytest.mark.parametrize("changes", DIFFERENT)
def test_another_message_has_another_fingerprint(changes: dict[str, Any]) -> None:
    """Everything the producer set takes part."""
    assert _command(**changes).fingerprint() != _command().fingerprint()


def test_a_fingerprint_outlives_its_process() -> None:
    """Routers of any version and process agree on it: it is stored beside the message."""
    command = _command(
        route={
            "steps": [
                {
                    "channel": "sms",
                    "fallback_after": "90s",
                    "fallback_on": ["unreachable", "auth", "transient", "permanent", "content"],
                }
            ]
        },
        send_at="2026-01-19T12:00:00+02:00",
        ttl="90m",
    )
    assert command.fingerprint().hex() == (
        "1ced66baaaae387aa9a71d4a15ad9be4bc5e68750f6760d47edb5b9ccbdd3d37"
    )


STRICT: list[dict[str, Any]] = [
    {"metadata": {"a": 1}},
    {"metadata": {"": "x"}},
    {"metadata": {"a": "x" * 513}},
    {"tenant": 5},
    {"content": {"text": "x" * 65_537}},
    {"content": {"media": [{"url": "https://user:pass@example.com/a"}]}},
    {"content": {"media": [{"url": "https://example.com/a", "kind": "hologram"}]}},
    {"content": {"media": [{"url": "https://example.com/a"}] * 11}},
    {"content": {"template": {"name": "x", "language": "english please"}}},
    {"content": {"template": {"name": "", "language": "en"}}},
    {"content": {"overrides": {"SMS": {"text": "x"}}}},
    {"to": {"addresses": {"Push": "x"}}},
    {"to": {"addresses": {"push": ""}}},
    {"to": {"name": "x" * 201}},
    {"to": {"name": "a\r\nBcc: x"}},
    {"send_at": "tomorrow"},
]


@pytest.mark.parametrize("changes", STRICT)
def test_is_strict(changes: dict[str, Any]) -> None:
    """What a command may not say is an error and never guessed at."""
    with pytest.raises(ValidationError):
        _command(**changes)


def test_takes_what_a_template_needs() -> None:
    """Languages are written in either way providers do."""
    for language in ("en", "en_US", "pt-BR", "zh_Hant_TW"):
        content = {"template": {"name": "order", "language": language, "variables": {"1": "x"}}}
        assert _command(content=content).content.template is not None


def test_an_address_of_its_own_wins() -> None:
    """`addresses` is asked first, in the channel's one form; other channels take any line."""
    to = Recipient.model_validate(
        {"phone": "+15550002222", "addresses": {"sms": "+1 555 000 3333", "push": "device 7"}}
    )
    assert to.address_on("sms") == "+15550003333"
    assert to.address_on("whatsapp") == "+15550002222"
    assert to.address_on("push") == "device 7"
    assert to.address_on("email") is None
    assert to.address_on("fax") is None


@pytest.mark.parametrize("address", ["US.1234", "DE.AbC9", "+15550002222"])
def test_a_whatsapp_user_is_reached_by_number_or_id(address: str) -> None:
    """Who wrote in without showing a number is answered under the id that the event named."""
    to = Recipient.model_validate({"addresses": {"whatsapp": address}})
    assert to.address_on("whatsapp") == address


@pytest.mark.parametrize("address", ["us.1234", "USA.1", "US.", "US.12 34", "1234"])
def test_what_looks_like_neither_is_no_whatsapp_address(address: str) -> None:
    """An id begins with the user's country, in capitals."""
    with pytest.raises(ValidationError, match="whatsapp: not a phone number"):
        Recipient.model_validate({"addresses": {"whatsapp": address}})
