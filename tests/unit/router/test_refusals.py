"""Commands refused: the field at fault as its producer knows it, the reason, and what is echoed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from herald.contracts.commands import MAX_COMMAND_BYTES, CancelMessage
from router.commands import Envelope, Rejection
from router.parsing.control import read_cancel
from router.parsing.refusals import poison
from unit.router.offering import COMMAND, CONFIGURATION, envelope, read, refused

STEP = {"channel": "sms"}

WRONG_FIELDS: list[tuple[dict[str, Any], str, str]] = [
    ({"colour": "red"}, "colour", "no such field"),
    ({"to": {"fone": "+15550002222"}}, "to.fone", "did you mean phone?"),
    ({"content": {"text": "x", "txet": "y"}}, "content.txet", "no such field"),
    (
        {"content": {"overrides": {"sms": {"body": "y"}}}},
        "content.overrides.sms.body",
        "no such field",
    ),
    ({"to": None}, "to", "Field required"),
    ({"content": None}, "content", "Field required"),
    ({"to": {"phone": "5550002222"}}, "to.phone", "not a phone number with +"),
    ({"to": {"phone": "+1"}}, "to.phone", "not a"),
    ({"to": {"email": "jane@"}}, "to.email", "not an e-mail address"),
    ({"to": {"addresses": {"sms": "call me"}}}, "to.addresses", "sms: not a phone number"),
    ({"to": {"addresses": {"email": "jane"}}}, "to.addresses", "email: not an e-mail address"),
    ({"content": {"text": 5}}, "content.text", "valid string"),
    ({"content": {"text": "a\x00b"}}, "content.text", "U+0000"),
    ({"content": {"subject": "a\nb"}}, "content.subject", "line breaks"),
    (
        {"content": {"media": [{"url": "http://example.com/a.png"}]}},
        "content.media.0.url",
        "https",
    ),
    ({"category": "spam"}, "category", "otp"),
    ({"send_at": "2026-01-19T12:00:00"}, "send_at", "timezone"),
    ({"send_at": 1768824000}, "send_at", "datetime"),
    ({"ttl": "soon"}, "ttl", "a duration is written like"),
    ({"ttl": "0s"}, "ttl", "between"),
    ({"ttl": "5m", "expires_at": "2026-01-20T00:00:00Z"}, "", "not both"),
    ({"expires_at": "2026-01-19T11:59:59Z"}, "expires_at", "lies in the past"),
    ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at", "too far"),
    ({"send_at": "9999-12-31T23:59:59Z"}, "send_at", "too far"),
    (
        {"send_at": "2026-01-20T12:00:00Z", "expires_at": "2026-01-20T11:00:00Z"},
        "send_at",
        "lies after expires_at",
    ),
    ({"metadata": {str(n): "x" for n in range(17)}}, "metadata", "at most 16"),
    ({"metadata": {"a": 1}}, "metadata.a", "valid string"),
    ({"tenant": "nobody"}, "tenant", "no such tenant"),
    ({"tenant": "No Body"}, "tenant", "pattern"),
    ({"route": "nowhere"}, "route", "no such route; known: default, sms"),
    ({"route": {"steps": []}}, "route.steps", "at least 1"),
    ({"route": {"steps": [STEP] * 9}}, "route.steps", "at most 8"),
    ({"route": {"steps": [{"channel": "fax"}]}}, "route.steps.0.channel", "no such channel"),
    (
        {"route": {"steps": [STEP, STEP | {"account": "nobody"}]}},
        "route.steps.1.account",
        "no such account",
    ),
    (
        {"route": {"steps": [STEP | {"fallback_after": "soon"}]}},
        "route.steps.0.fallback_after",
        "a duration",
    ),
    (
        {"route": {"steps": [STEP | {"outside_window": {"name": "hello"}}]}},
        "route.steps.0.outside_window",
        "no account of its step has a window",
    ),
    (
        {"content": {"text": "x", "outside_window": {"name": "hello", "sender": "me"}}},
        "content.outside_window.sender",
        "no such field",
    ),
    ({"in_reply_to": ""}, "in_reply_to", "at least 1"),
    ({"route": {"steps": [STEP | {"retries": 3}]}}, "route.steps.0.retries", "no such field"),
    (
        {"route": {"steps": [STEP | {"fallback_on": ["boredom"]}]}},
        "route.steps.0.fallback_on.0",
        "unreachable",
    ),
    ({"sender": "nobody"}, "sender", "no such sender"),
    ({"to": {}}, "to", "give phone, email, whatsapp or addresses"),
    ({"to": {"email": "jane@example.com"}, "route": "sms"}, "route", "no usable step (step 1: no"),
    ({"content": {"subject": "only"}}, "content", "says nothing: give text, html, media, t"),
    ({"content": {"text": " \n\t"}}, "content.text", "must not be blank"),
    ({"content": {"text": "x", "subject": " "}}, "content.subject", "must not be blank"),
    (
        {"content": {"template": {"name": "x", "variables": {"1": "a", "name": "b"}}}},
        "content.template.variables",
        "give all variables by number, or all by name",
    ),
    (
        {
            "content": {"text": "x"},
            "to": {"email": "jane@example.com"},
            "route": {"steps": [{"channel": "email"}]},
        },
        "content.subject",
        "no subject for email",
    ),
    ({"content": {"text": "x" * 1601}, "route": "sms"}, "content.text", "over 1,600 characters"),
    (
        {"content": {"overrides": {"sms": {"text": "x" * 1601}}}, "route": "sms"},
        "content.overrides.sms.text",
        "over 1,600 characters",
    ),
    ({"content": {"template": {"name": "hi"}}, "route": "sms"}, "content", "nothing to say on sms"),
    (
        {"content": {"text": "x" * 5000}, "to": {"phone": "+15550002222"}},
        "route",  # e-mail would do, but has no address
        "over 4,096 characters on whatsapp; step 2: over 1,600 characters on sms; step 3: no addr",
    ),
    (
        {"content": {"text": "x", "overrides": {"smss": {"text": "y"}}}},
        "content.overrides.smss",
        "no such channel",
    ),
    ({"id": "7"}, "id", "UUID"),
    ({"idempotency_key": ""}, "idempotency_key", "at least 1"),
    ({"idempotency_key": "x" * 256}, "idempotency_key", "at most 255"),
]


@pytest.mark.parametrize(("changes", "field", "reason"), WRONG_FIELDS)
def test_names_the_field_at_fault(changes: dict[str, Any], field: str, reason: str) -> None:
    """The answer says which field of the producer's own JSON is wrong, and why."""
    rejected = refused(**changes)
    assert rejected.field == field
    assert reason in rejected.reason


def test_says_how_many_more_are_wrong() -> None:
    """One field is named and the others are counted."""
    rejected = refused(to={"fone": "1"}, category="spam", ttl="soon")
    assert rejected.reason.endswith("(and 2 more)")


BODIES = [
    (b"", "Invalid JSON"),
    (b"hello", "Invalid JSON"),
    (b"\xff\xfe", "Invalid JSON"),
    (b'{"to": ', "Invalid JSON"),
    (b'{"a": "\\ud800"}', "Invalid JSON"),
    (b"[" * 100_000, "Invalid JSON"),
    (b"[]", "object"),
    (b"null", "object"),
    (b'"text"', "object"),
]


@pytest.mark.parametrize(("body", "reason"), BODIES)
def test_refuses_what_is_no_command(body: bytes, reason: str) -> None:
    """Whatever the bytes, there is an answer, to `unknown` where no tenant can be read."""
    rejected = refused(body)
    assert (rejected.field, rejected.tenant) == ("", "unknown")
    assert reason in rejected.reason


def test_refuses_what_is_too_large_unread() -> None:
    """A body over 256 KiB is refused for its size; exactly that much is read."""
    head, tail = b'{"tenant": "default", "x": "', b'"}'
    fitting = head + b"a" * (MAX_COMMAND_BYTES - len(head) - len(tail)) + tail
    assert refused(fitting).field != ""
    rejected = refused(fitting + b" ")
    assert (rejected.field, rejected.reason) == ("", "larger than 256 KiB")
    assert rejected.tenant == "unknown"


PROPERTIES = ["message_id", "correlation_id"]


def _with(name: str, value: str, key: str) -> Envelope:
    strange: dict[str, Any] = {name: value, "routing_key": key}
    return replace(envelope(), **strange)


@pytest.mark.parametrize("name", PROPERTIES)
@pytest.mark.parametrize("value", ["a\x00b", "\x00", "a\ud800"])
def test_names_a_property_that_no_database_can_hold(name: str, value: str) -> None:
    """An AMQP property that can't be stored is refused by its name, whatever the body says."""
    for key, reader in (("message.send", read), ("message.cancel", _read_cancel)):
        strange = _with(name, value, key)
        rejected = reader(strange)
        assert isinstance(rejected, Rejection)
        assert (rejected.field, rejected.tenant) == (name, "default")
        assert "U+0000" in rejected.reason


def test_answers_with_what_can_be_stored() -> None:
    """The answer to a strange command echoes its properties in a form that can be kept."""
    strange = Envelope(body=b"{}", routing_key="a\x00", message_id="b\x00", correlation_id="c\x00")
    context = strange.context
    for echoed in (context.routing_key, context.cause, context.correlation_id):
        assert echoed is not None
        assert "\x00" not in echoed


def test_refuses_a_command_without_any_name() -> None:
    """Without key, id and message_id a command can't be distinguished from its repeat."""
    bare = {k: v for k, v in COMMAND.items() if k != "idempotency_key"}
    rejected = read(Envelope(body=json.dumps(bare).encode(), routing_key="message.send"))
    assert isinstance(rejected, Rejection)
    assert rejected.field == "idempotency_key"
    assert "message_id" in rejected.reason
    assert refused(b"{}").tenant == "default"  # its fields could be read: it has none


def test_echoes_tenant_and_key() -> None:
    """A refusal carries the key and the tenant as far as they can be read."""
    rejected = refused(tenant="plain", idempotency_key="order-7", ttl="soon")
    assert (rejected.tenant, rejected.idempotency_key) == ("plain", "order-7")


ECHOES: list[tuple[dict[str, Any], str, str | None]] = [
    ({"tenant": None}, "default", "key-1"),
    ({"tenant": "nobody"}, "unknown", "key-1"),
    ({"tenant": ["default"]}, "unknown", "key-1"),
    ({"idempotency_key": "x" * 256}, "default", None),
    ({"idempotency_key": "a\nb"}, "default", None),
    ({"idempotency_key": 7}, "default", None),
]


@pytest.mark.parametrize(("changes", "tenant", "key"), ECHOES)
def test_echoes_nothing_strange(changes: dict[str, Any], tenant: str, key: str | None) -> None:
    """Neither an unknown tenant nor a key that may break a consumer is echoed."""
    rejected = refused(colour="red", **changes)
    assert (rejected.tenant, rejected.idempotency_key) == (tenant, key)


PRIVATE: list[dict[str, Any]] = [
    {"to": {"phone": "+999123456789012345"}},
    {"to": {"email": "jane.doe.example.com"}},
    {"to": {"addresses": {"sms": "555-private"}}},
    {"content": {"text": "a secret\x00"}},
]


@pytest.mark.parametrize("changes", PRIVATE)
def test_repeats_no_address_and_no_text(changes: dict[str, Any]) -> None:
    """The reason never quotes what was given: it travels in events and is kept."""
    rejected = refused(**changes)
    for private in ("123456789", "jane.doe", "555-private", "a secret"):
        assert private not in rejected.field + rejected.reason


def test_our_own_failure_is_said_to_be_ours() -> None:
    """A command that broke us is refused without blaming a field."""
    rejected = poison(envelope(), CONFIGURATION)
    assert rejected.field == ""
    assert rejected.reason.startswith("internal error")
    assert (rejected.tenant, rejected.idempotency_key) == ("default", "key-1")


def _read_cancel(arrived: Envelope) -> CancelMessage | Rejection:
    return read_cancel(arrived, CONFIGURATION)


def _cancel(**fields: Any) -> CancelMessage | Rejection:
    body = json.dumps(fields).encode()
    return _read_cancel(Envelope(body=body, routing_key="message.cancel", message_id="cancel-1"))


CANCELS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "", "give id or idempotency_key"),
    (
        {"id": "00000000-0000-4000-8000-00000000abcd", "idempotency_key": "k"},
        "",
        "give id or idempotency_key",
    ),
    ({"idempotency_key": "k", "tenant": "nobody"}, "tenant", "no such tenant"),
    ({"idempotency_key": "k", "reason": "x"}, "reason", "no such field"),
    ({"id": "7"}, "id", "UUID"),
]


@pytest.mark.parametrize(("fields", "field", "reason"), CANCELS)
def test_refuses_a_cancel_in_the_same_way(fields: dict[str, Any], field: str, reason: str) -> None:
    """A cancel names exactly one message of a known tenant, and nothing else."""
    rejected = _cancel(**fields)
    assert isinstance(rejected, Rejection)
    assert rejected.field == field
    assert reason in rejected.reason


def test_reads_a_cancel_by_either_name() -> None:
    """An id or a key will do."""
    assert isinstance(_cancel(idempotency_key="k"), CancelMessage)
    assert isinstance(_cancel(id="00000000-0000-4000-8000-00000000abcd"), CancelMessage)
