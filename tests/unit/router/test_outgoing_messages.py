"""Outgoing messages: events for users, work for channels, under ids that a repeat keeps."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from msgspec import Raw
from msgspec.structs import replace

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.events import MESSAGE_EVENTS
from herald.contracts.masking import address_hash
from herald.contracts.topology import EVENTS, OUTBOUND
from herald.contracts.unsubscribe import UnsubscribeKeys
from herald.contracts.vocabulary import Category, FailureClass, Status
from herald.contracts.work import Work
from router.core.decide import decide
from router.core.effects import Answer, Emit
from router.core.facts import Due, Fact, MessageAccepted
from router.core.message import Message
from router.outgoing.answers import rejection_event
from router.outgoing.effects import work_message
from router.outgoing.events import answer_event, message_event
from router.outgoing.unsubscribe import UnsubscribeLinks
from unit.router.making import (
    CONTEXT,
    MESSAGE_ID,
    NOW,
    accepted,
    at,
    begun,
    failed,
    message,
    receipt,
    returned,
    seconds,
    step,
)
from unit.router.offering import refused

LATER = NOW + seconds(7)
HELLO = Raw(b'{"text":"Hello","media":[]}')
CLOUD_EVENT = {"specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"}


def _event(of: Message, fact: Fact, now: Any = NOW) -> OutgoingMessage:
    decision = decide(of, fact, NOW)
    [emit] = [effect for effect in decision.effects if isinstance(effect, Emit)]
    return message_event(decision.message, emit, now)


def _body(outgoing: OutgoingMessage) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(outgoing.body)
    return document


def test_an_event_is_a_cloud_event() -> None:
    """It has the attributes of CloudEvents 1.0 and no other."""
    outgoing = _event(begun(), receipt(begun(), Status.DELIVERED))
    event = _body(outgoing)
    assert event.keys() == CLOUD_EVENT
    assert event["specversion"] == "1.0"
    assert event["type"] == "herald.message.delivered.v1"
    assert event["subject"] == str(MESSAGE_ID)
    assert event["datacontenttype"] == "application/json"


def test_properties_repeat_id_and_type() -> None:
    """A consumer can dedupe and route without reading the body."""
    outgoing = _event(begun(), receipt(begun(), Status.DELIVERED))
    event = _body(outgoing)
    assert (outgoing.message_id, outgoing.type) == (event["id"], event["type"])
    assert (outgoing.exchange, outgoing.routing_key) == (EVENTS, "message.delivered.default")
    assert not outgoing.mandatory


def test_an_event_says_all_that_is_known() -> None:
    """Data holds the message's state, the attempt and both clocks."""
    fact = receipt(begun(), Status.DELIVERED, occurred_at=NOW - seconds(3), received_at=LATER)
    data = _body(_event(begun(), fact))["data"]
    assert data == {
        "message_id": str(MESSAGE_ID),
        "tenant": "default",
        "status": "delivered",
        "outcome": "succeeded",
        "terminal": True,
        "late": False,
        "sequence": 1,
        "occurred_at": "2026-01-19T11:59:57Z",
        "received_at": "2026-01-19T12:00:07Z",
        "step": 1,
        "attempt_id": f"{MESSAGE_ID}.1.1",
        "channel": "whatsapp",
        "provider": "whatsapp_cloud",
        "account": "whatsapp-main",
        "provider_message_id": "ref",
        "failure": None,
        "fallback": None,
        "waits": None,
        "confirmed": True,
        "overlap": False,
        "idempotency_key": "key-1",
        "resent_from": None,
        "metadata": {},
    }


def test_the_same_fact_again_has_the_same_id() -> None:
    """The id depends on message, type and fact, not on the moment."""
    fact = receipt(begun(), Status.DELIVERED)
    assert _event(begun(), fact).message_id == _event(begun(), fact, LATER).message_id


def test_another_fact_has_another_id() -> None:
    """The same status in another event of the provider is another event."""
    one = _event(begun(), receipt(begun(), Status.DELIVERED, event_key="a"))
    two = _event(begun(), receipt(begun(), Status.DELIVERED, event_key="b"))
    assert one.message_id != two.message_id


def test_a_failure_is_published_under_class() -> None:
    """JSON says `class`, as everywhere in Herald."""
    last = begun(step("sms"))
    fact = failed(last, FailureClass.UNREACHABLE, "30003", retry_after=seconds(30))
    failure = _body(_event(last, fact))["data"]["failure"]
    assert failure == {
        "class": "unreachable",
        "code": "30003",
        "text": "",
        "retry_after": "30s",
    }


def test_a_fallback_says_from_where_to_where() -> None:
    """The event of a fallback is one outgoing with both channels."""
    decision = decide(begun(), failed(begun(), FailureClass.UNREACHABLE), NOW)
    [emit] = [effect for effect in decision.effects if isinstance(effect, Emit)]
    event = _body(message_event(decision.message, emit, NOW))
    assert event["type"] == "herald.message.fallback.v1"
    assert event["data"]["fallback"]["to_channel"] == "sms"
    assert event["data"]["terminal"] is False


def test_an_event_without_a_receipt_happens_now() -> None:
    """What the clock decides occurred when it was decided."""
    waiting = begun(lives=seconds(10))
    waiting = decide(waiting, receipt(waiting, Status.UNKNOWN), NOW).message
    decision = decide(waiting, at(NOW + seconds(10)), NOW + seconds(10))
    [emit] = [effect for effect in decision.effects if isinstance(effect, Emit)]
    event = _body(message_event(decision.message, emit, NOW + seconds(10)))
    assert event["type"] == "herald.message.expired.v1"
    assert event["data"]["occurred_at"] == event["data"]["received_at"] == "2026-01-19T12:00:10Z"


def test_every_event_of_the_vocabulary_can_be_named() -> None:
    """The documented names are those that the core emits."""
    assert set(MESSAGE_EVENTS) == {
        *("sent", "delivered", "read", "clicked"),
        *("bounced", "complained", "unsubscribed", "deferred"),
        *("waiting", "fallback", "failed", "expired", "cancelled"),
    }


def _work(of: Message, **changes: Any) -> Work:
    outgoing = work_message(of, of.state.attempts[-1], HELLO)
    return Work.model_validate_json(outgoing.body)


def test_work_carries_all_a_worker_needs() -> None:
    """A worker looks nothing up: address, sender, content and limits travel with the work."""
    sending = begun(step("sms", sender="+15550001111", account="twilio-main"))
    outgoing = work_message(sending, sending.state.attempts[-1], HELLO)
    assert (outgoing.exchange, outgoing.routing_key) == (OUTBOUND, "sms.normal")
    assert outgoing.mandatory
    assert json.loads(outgoing.body) == {
        "kind": "send",
        "attempt_id": f"{MESSAGE_ID}.1.1",
        "dispatch": 1,
        "message_id": str(MESSAGE_ID),
        "tenant": "default",
        "channel": "sms",
        "lane": "normal",
        "category": "transactional",
        "to": "+15550002222",
        "sender": "+15550001111",
        "account": "twilio-main",
        "avoid": [],
        "tried": [],
        "content": {"text": "Hello", "media": []},
        "not_after": "2026-01-20T12:00:00Z",
    }


def test_work_is_void_after_the_end_of_its_message() -> None:
    """`start_within` is the router's to judge: after an outage work may start later than that."""
    assert _work(begun(step(start_within=seconds(300)))).not_after == NOW + timedelta(hours=24)
    assert _work(begun(lives=seconds(60))).not_after == NOW + seconds(60)


def test_work_names_the_accounts_to_avoid() -> None:
    """A retry after an account's own failure names that account to its worker."""
    again = decide(begun(), failed(begun(), FailureClass.AUTH), NOW).message
    assert _work(again).avoid == ("whatsapp-main",)


def test_a_reported_failure_tries_another_account() -> None:
    """A webhook that reports a passing failure leads to a retry, which puts that account last."""
    taken = decide(begun(), accepted(begun()), NOW).message
    again = decide(taken, failed(taken, FailureClass.TRANSIENT, source="webhook"), NOW).message
    assert again.state.retry_at is not None
    due = decide(again, Due(silence_until=None), again.state.retry_at).message
    assert _work(due).attempt_id.endswith(".1.2")
    assert _work(due).tried == ("whatsapp-main",)


def test_work_handed_out_again_is_another_frame() -> None:
    """Each dispatch of an attempt has its own id; the same dispatch republished keeps its."""
    first = begun()
    waiting = decide(first, returned(first, 1), NOW).message
    later = NOW + seconds(1)
    second = decide(waiting, at(later), later).message
    ids = [
        work_message(of, of.state.attempts[-1], HELLO).message_id for of in (first, first, second)
    ]
    assert ids[0] == ids[1] != ids[2]
    assert _work(second).dispatch == 2


def test_an_acceptance_lists_the_channels() -> None:
    """The answer to a send says which channels may be tried and how long it lives."""
    decision = decide(message(), MessageAccepted(context=CONTEXT), NOW)
    [answer] = [effect for effect in decision.effects if isinstance(effect, Answer)]
    outgoing = answer_event(decision.message, answer, NOW)
    event = _body(outgoing)
    assert outgoing.routing_key == "command.accepted.default"
    assert event["type"] == "herald.command.accepted.v1"
    assert event["data"]["channels"] == ["whatsapp", "sms"]
    assert event["data"]["expires_at"] == "2026-01-20T12:00:00Z"
    assert event["data"]["command"] == "message.send"


def test_an_answer_keeps_its_id_for_its_cause() -> None:
    """The same command answered again has the same event id; another command's differs."""
    ids: list[str] = []
    for context in (CONTEXT, CONTEXT, type(CONTEXT)(routing_key="message.send", cause="other")):
        decision = decide(message(), MessageAccepted(context=context), NOW)
        [answer] = [effect for effect in decision.effects if isinstance(effect, Answer)]
        ids.append(answer_event(decision.message, answer, NOW + seconds(len(ids))).message_id)
    assert ids[0] == ids[1] != ids[2]


def test_a_rejection_goes_to_its_tenant() -> None:
    """A refusal goes to the tenant that was read, with the field and the reason."""
    outgoing = rejection_event(refused(tenant="plain", ttl="soon"), NOW)
    data = _body(outgoing)["data"]
    assert outgoing.routing_key == "command.rejected.plain"
    assert outgoing.correlation_id == "corr-1"
    assert (data["field"], data["idempotency_key"], data["message_id"]) == ("ttl", "key-1", None)


def test_a_rejection_nobody_can_own_goes_to_unknown() -> None:
    """Where no tenant can be read the event has the reserved name."""
    assert rejection_event(refused(b"hello"), NOW).routing_key == "command.rejected.unknown"


def test_a_marketing_mail_has_an_unsubscribe_link() -> None:
    """Signed, without its address; no other message has one."""
    keys = UnsubscribeKeys([bytes(32)])
    links = UnsubscribeLinks(keys, "https://hooks.example.com/")
    mail = begun(step("email", address="ada@example.com"))
    marketing = replace(mail, plan=replace(mail.plan, category=Category.MARKETING))

    def url_of(of: Message) -> str | None:
        outgoing = work_message(of, of.state.attempts[-1], HELLO, links)
        return Work.model_validate_json(outgoing.body).unsubscribe_url

    url = url_of(marketing) or ""
    assert url.startswith("https://hooks.example.com/unsubscribe/")
    link = keys.read(url.rpartition("/")[2])
    assert link is not None
    assert (link.tenant, link.channel) == ("default", "email")
    assert link.attempt == marketing.attempt_id(marketing.state.attempts[-1])
    assert link.address_hash == address_hash("ada@example.com")
    assert url_of(mail) is None
    sms = begun(step("sms"))
    assert url_of(replace(sms, plan=replace(sms.plan, category=Category.MARKETING))) is None
