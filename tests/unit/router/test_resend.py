"""From a failed message to the one that takes its place."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from herald.config.file import HeraldFile
from herald.contracts.failures import Failure
from herald.contracts.identifiers import resend_id_for
from herald.contracts.operator_commands import ResendMessage
from herald.contracts.vocabulary import FailureClass, MessageStatus, Outcome, Status
from router.commands import Candidate, EndedMessage, Envelope, UnusableError
from router.core.message import Attempt, Message
from router.parsing.resend import may_have_arrived, resend
from router.store.messages import read_contents
from unit.router.making import NOW
from unit.router.offering import CONFIGURATION, DOCUMENT, offered

LATER = NOW + timedelta(days=2)
BY_OPERATOR = Envelope(body=b"{}", routing_key="message.resend", message_id="m-1", user="ops")


def _ended(outcome: Outcome | None = Outcome.FAILED, **changes: Any) -> EndedMessage:
    candidate = offered(**changes)
    return EndedMessage(
        message=replace(candidate.message, outcome=outcome),
        contents=read_contents(candidate.contents),
        command_hash=candidate.command_hash,
        resent_as=None,
    )


def _resent(
    ended: EndedMessage, configuration: HeraldFile = CONFIGURATION, **options: Any
) -> Candidate:
    command = ResendMessage(id=ended.message.id, **options)
    return resend(BY_OPERATOR, command, ended, configuration, LATER)


def _configured(**changes: Any) -> HeraldFile:
    document = deepcopy(DOCUMENT)
    for name, value in changes.items():
        document[name] = document[name] | value
    return HeraldFile.model_validate_json(json.dumps(document))


def _addresses(message: Message) -> list[tuple[str, str]]:
    return [(step.channel, step.address) for step in message.plan.steps]


def test_it_is_a_new_message_with_a_life_of_its_own() -> None:
    """Named by the old one, linked to it, and alive as long as its category says from now on."""
    ended = _ended(category="otp", metadata={"a": "b"})
    new = _resent(ended).message
    assert new.id == resend_id_for(ended.message.id)
    assert new.idempotency_key == f"resend:{ended.message.id}"
    assert new.plan.resent_from == ended.message.id
    assert new.plan.expires_at == LATER + timedelta(minutes=10)
    assert (new.outcome, new.state.attempts) == (None, ())
    assert (new.plan.metadata, new.plan.recipient_name) == ({"a": "b"}, "Jane")


def test_unchanged_configuration_gives_the_same_plan() -> None:
    """Same steps, addresses, senders and contents."""
    ended = _ended()
    candidate = _resent(ended)
    assert candidate.message.plan.steps == ended.message.plan.steps
    assert read_contents(candidate.contents) == ended.contents


def test_todays_route_of_the_name_is_taken() -> None:
    """What an operator changed after an outage holds: order, times and sender."""
    route = {
        "steps": [{"channel": "email"}, {"channel": "sms", "fallback_after": "5m"}],
        "tenants": ["default", "plain"],
    }
    sender = DOCUMENT["senders"]["default"] | {"sms": "+15550009999"}
    changed = _configured(routes={"default": route}, senders={"default": sender})
    email, sms = _resent(_ended(), changed).message.plan.steps
    assert (email.channel, sms.sender, sms.fallback_after) == (
        "email",
        "+15550009999",
        timedelta(minutes=5),
    )


def test_a_channel_that_the_message_never_had_is_left_out() -> None:
    """Nothing is stored for it: the recipient's address and what to say there are unknown."""
    candidate = _resent(
        _ended(route="sms"), _configured(routes={"sms": DOCUMENT["routes"]["default"]})
    )
    assert _addresses(candidate.message) == [("sms", "+15550002222")]
    assert candidate.skipped == ((1, "no address on whatsapp"), (3, "no address on email"))


@pytest.mark.parametrize(
    "changes",
    [
        {"route": "sms", "sender": "other"},
        {"route": {"steps": [{"channel": "sms", "fallback_after": "7s"}]}, "sender": "other"},
    ],
)
def test_what_is_gone_is_taken_as_it_was_stored(changes: dict[str, Any]) -> None:
    """A route or sender without its name in the configuration, or steps of the command's own."""
    gone = deepcopy(DOCUMENT)
    del gone["senders"]["other"], gone["routes"]["sms"]
    gone["tenants"]["plain"]["route"] = "default"
    ended = _ended(**changes)
    [step] = _resent(ended, HeraldFile.model_validate_json(json.dumps(gone))).message.plan.steps
    assert step == ended.message.plan.steps[0]
    assert step.sender == "+15550003333"


def test_a_channel_that_nothing_serves_any_more() -> None:
    """It is left out; a message that had no other is refused."""
    gone = deepcopy(DOCUMENT)
    del gone["accounts"]["twilio-main"]
    for route in ("sms", "closed"):
        gone["routes"][route]["steps"] = [{"channel": "email"}]
    gone["routes"]["default"]["steps"] = [{"channel": "whatsapp"}, {"channel": "email"}]
    today = HeraldFile.model_validate_json(json.dumps(gone))
    steps = _resent(_ended(), today).message.plan.steps
    assert [step.channel for step in steps] == ["whatsapp", "email"]
    with pytest.raises(UnusableError) as caught:
        _resent(_ended(route={"steps": [{"channel": "sms"}]}), today)
    assert caught.value.field == "route"


WHY_NOT = [(None, "under way"), (Outcome.SUCCEEDED, "succeeded"), (Outcome.CANCELLED, "cancelled")]


@pytest.mark.parametrize(("outcome", "reason"), WHY_NOT)
def test_only_failed_and_expired_messages(outcome: Outcome | None, reason: str) -> None:
    """Any other is refused with the reason, force or not."""
    with pytest.raises(UnusableError) as caught:
        _resent(_ended(outcome), force=True)
    assert reason in caught.value.reason
    assert _resent(_ended(Outcome.EXPIRED))


AMBIGUOUS = Failure.of(FailureClass.AMBIGUOUS)
ATTEMPTS: list[tuple[dict[str, Any], bool]] = [
    ({"status": Status.FAILED}, False),
    ({"status": Status.FAILED, "reached": MessageStatus.SENT}, False),
    ({"status": Status.WITHDRAWN}, False),
    ({"status": Status.DISPATCHED}, False),
    ({"status": Status.BOUNCED, "reached": MessageStatus.DELIVERED}, False),
    ({"status": Status.BOUNCED, "reached": MessageStatus.READ}, True),
    ({"status": Status.FAILED, "reached": MessageStatus.DELIVERED}, True),
    ({"status": Status.FAILED, "failure": AMBIGUOUS}, True),
    ({"status": Status.STARTED}, True),
    ({"status": Status.UNKNOWN}, True),
    ({"status": Status.ACCEPTED}, True),
    ({"status": Status.SENT}, True),
    ({"status": Status.DELIVERED}, True),
    ({"status": Status.READ}, True),
]


@pytest.mark.parametrize(("fields", "may"), ATTEMPTS)
def test_what_may_have_arrived(fields: dict[str, Any], may: bool) -> None:
    """Only what its provider gave up, or never had, certainly reached nobody."""
    attempt = Attempt(step=1, number=1, channel="sms", **fields)
    assert may_have_arrived(attempt) is may
    ended = _ended()
    ended = replace(ended, message=ended.message.with_state(attempts=(attempt,)))
    if may:
        with pytest.raises(UnusableError) as caught:
            _resent(ended)
        assert caught.value.field == "force"
    assert _resent(ended, force=True)
