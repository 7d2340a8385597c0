"""Events of inbound messages and of accounts: whose they are, and that they leave nothing out."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import AccountReceipt, InboundReceipt
from herald.contracts.vocabulary import AccountTopic, InboundKind
from router.outgoing.provider_news import account_event, inbound_event
from unit.router.making import NOW

ATTEMPT = AttemptId(UUID("00000000-0000-4000-8000-000000000001"), 1, 1)
LATER = NOW + timedelta(seconds=5)


def _body(outgoing: OutgoingMessage) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(outgoing.body)
    return event


def _inbound(**changes: Any) -> InboundReceipt:
    fields: dict[str, Any] = {
        "channel": "sms",
        "provider": "twilio",
        "account": "twilio-main",
        "reference": "SM1",
        "sender": "+15550002222",
        "content": InboundKind.TEXT,
        "text": "Hello",
        "received_at": NOW,
    }
    return InboundReceipt(**fields | changes)


def test_an_inbound_message_is_an_event_of_its_tenant() -> None:
    """What a recipient wrote is published under channel and tenant, once per provider id."""
    outgoing = inbound_event(_inbound(), "default", None)
    again = inbound_event(_inbound(received_at=LATER), "default", None)
    other = inbound_event(_inbound(reference="SM2"), "default", None)
    assert outgoing.routing_key == "inbound.sms.default"
    assert outgoing.message_id == again.message_id != other.message_id
    event = _body(outgoing)
    assert (event["type"], event["subject"]) == (
        "herald.inbound.received.v1",
        "twilio/twilio-main/SM1",
    )
    assert event["data"]["occurred_at"] == event["data"]["received_at"]


EVERYTHING: dict[str, Any] = {
    "content": InboundKind.EDITED,
    "text": "Hello",
    "payload": "row-1",
    "subject": "Re: your order",
    "media": [
        {
            "reference": "1",
            "kind": "image",
            "sha256": "abc=",
            "voice": True,
            "place": "herald",
            "size": 3,
            "content_id": "logo",
        }
    ],
    "mail": {
        "message_id": "<1@example.com>",
        "answers": ["<2@example.com>"],
        "html": "<p>x</p>",
        "new_text": "Hello",
        "to": ["us@example.com"],
        "cc": ["you@example.com"],
        "reply_to": "ada@example.com",
        "truncated": True,
    },
    "part": {"reference": "7", "number": 1, "total": 2},
    "automatic": True,
    "location": {"latitude": 48.8584, "longitude": 2.2945, "name": "Eiffel Tower"},
    "contacts": [{"name": "Ada", "phones": [{"number": "1"}], "emails": ["ada@example.com"]}],
    "order": {"catalog_id": "1", "items": [{"product_id": "2", "quantity": 3, "price": "4.50"}]},
    "choice": {"kind": "list", "id": "row-1", "title": "Hello"},
    "reaction": {"provider_message_id": "wamid.OUT1", "emoji": "x"},
    "original": "wamid.IN0",
    "address_change": {"old": "+15550002222", "new": "+15550004444"},
    "preference": {"value": "stop", "category": "marketing_messages"},
    "problems": [{"code": "131051", "text": "unknown"}],
    "referral": {"source_id": "1", "click_id": "2"},
    "product": {"catalog_id": "1", "product_id": "2"},
    "forwarded": True,
    "frequently_forwarded": True,
    "sender_kind": "phone",
    "sender_id": "US.1234",
    "recipient": "+15550001111",
    "group": "group-1",
    "profile_name": "Ada",
    "username": "ada",
    "keyword": "stop",
}


def test_an_inbound_event_leaves_nothing_out() -> None:
    """Every field of a receipt is in the event, the element only where it is asked for."""
    own = {"kind", "reference", "in_reply_to", "occurred_at", "received_at", "element"}
    own |= {"quoted", "answered_attempt"}
    given = {"channel", "provider", "account", "sender"}
    assert set(EVERYTHING) == InboundReceipt.model_fields.keys() - own - given
    received = InboundReceipt.model_validate_json(
        _inbound(**EVERYTHING, in_reply_to="wamid.OUT1", element={"type": "x"}).model_dump_json()
    )
    data = _body(inbound_event(received, "default", ATTEMPT, raw=True))["data"]
    for name, value in EVERYTHING.items():
        assert _without_absent(data[name]) == value, name
    assert (data["in_reply_to"], data["answers"]) == (str(ATTEMPT.message_id), "wamid.OUT1")
    assert data["attempt_id"] == str(ATTEMPT)
    assert data["raw"] == {"type": "x"}
    assert _body(inbound_event(received, "default", None))["data"]["raw"] is None


@pytest.mark.parametrize(
    ("sender", "kind"),
    [
        ("+15550002222", "phone"),
        ("US.1234", "whatsapp_user_id"),
        ("ada@example.com", "email"),
        ("12345", "other"),
        ("Bank", "other"),
    ],
)
def test_what_names_a_sender(sender: str, kind: str) -> None:
    """The event says what kind of address the sender has; what an adapter says of it counts."""
    assert (
        _body(inbound_event(_inbound(sender=sender), "default", None))["data"]["sender_kind"]
        == kind
    )
    given = _inbound(sender=sender, sender_kind="other")
    assert _body(inbound_event(given, "default", None))["data"]["sender_kind"] == "other"


def _without_absent(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_absent(item) for item in value]
    if isinstance(value, dict):
        kept = {key: _without_absent(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None}
    return value


def test_a_newer_peers_word_is_read() -> None:
    """A word this version does not know becomes `other`, wherever it stands."""
    received = _inbound(content="hologram", preference={"value": "maybe"}, choice={"kind": "wheel"})
    assert received.content is InboundKind.OTHER
    data = _body(inbound_event(received, "default", None))["data"]
    assert (data["preference"]["value"], data["choice"]["kind"]) == ("other", "other")


UPDATE: dict[str, Any] = {
    "topic": AccountTopic.TEMPLATE_CATEGORY,
    "name": "template_category_update",
    "status": "MARKETING",
    "reason": "because",
    "template": {"name": "welcome", "category": "MARKETING", "previous_category": "UTILITY"},
    "number": "+15550001111",
    "limit": "TIER_1K",
    "previous_limit": "TIER_10K",
    "restrictions": ["RESTRICTED_ADD_PHONE_NUMBER_ACTION"],
}


def test_an_accounts_event_leaves_nothing_out() -> None:
    """Every field of the receipt is in the event, with its element; each tenant's has an id."""
    own = {"kind", "event_key", "occurred_at", "received_at", "element"}
    given = {"channel", "provider", "account"}
    assert set(UPDATE) == AccountReceipt.model_fields.keys() - own - given
    received = AccountReceipt(
        **UPDATE,
        channel="whatsapp",
        provider="whatsapp_cloud",
        account="wa-main",
        event_key="key",
        received_at=NOW,
        element={"field": "x"},
    )
    events = [account_event(received, tenant) for tenant in ("default", "other", "default")]
    assert events[0].message_id == events[2].message_id != events[1].message_id
    assert [outgoing.routing_key for outgoing in events[:2]] == [
        "account.updated.default",
        "account.updated.other",
    ]
    data = _body(events[0])["data"]
    for name, value in UPDATE.items():
        assert _without_absent(data[name]) == value, name
    assert (data["tenant"], data["raw"]) == ("default", {"field": "x"})
