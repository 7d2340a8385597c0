"""From a command to a plan: routes, senders, usable steps, times, names."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile
from herald.contracts.identifiers import body_id, message_id_for
from herald.contracts.vocabulary import FailureClass, Lane, SuccessOn
from router.batches import envelope_of
from router.commands import Candidate, Envelope
from router.core.states import DEFAULT_FALLBACK_ON
from unit.router.making import NOW, seconds
from unit.router.offering import CONFIGURATION, DOCUMENT, envelope, offered, read, read_send

MOMENT = "2026-01-19T12:10:00+00:00"


def _channels(candidate: Candidate) -> list[str]:
    return [step.channel for step in candidate.message.plan.steps]


def test_takes_the_tenants_route_and_sender() -> None:
    """Without a route or sender the tenant's own are used, resolved to values."""
    plan = offered().message.plan
    assert [(step.channel, step.address, step.sender) for step in plan.steps] == [
        ("whatsapp", "+15550002222", None),
        ("sms", "+15550002222", "+15550001111"),
        ("email", "jane@example.com", "Herald <no-reply@example.com>"),
    ]


def test_takes_a_named_route_and_sender() -> None:
    """A route and a sender profile may be chosen by name."""
    [step] = offered(route="sms", sender="other").message.plan.steps
    assert (step.channel, step.sender, step.start_within) == ("sms", "+15550003333", seconds(10))


def test_takes_inline_steps() -> None:
    """A route may be given in the command, with every option of a step."""
    inline = {
        "channel": "sms",
        "account": "twilio-main",
        "success_on": "sent",
        "fallback_after": "5m",
        "start_within": "1m",
        "fallback_on": ["content", "transient"],
    }
    [step] = offered(route={"steps": [inline]}).message.plan.steps
    assert step.account == "twilio-main"
    assert step.success_on is SuccessOn.SENT
    assert (step.fallback_after, step.start_within) == (seconds(300), seconds(60))
    assert step.fallback_on == {FailureClass.CONTENT, FailureClass.TRANSIENT}


def test_a_fallback_may_be_left_to_what_was_learned() -> None:
    """Until enough is known the default is planned, and that it is only that."""
    [step] = offered(
        route={"steps": [{"channel": "sms", "fallback_after": "auto"}]}
    ).message.plan.steps
    assert (step.fallback_after, step.learns_fallback) == (seconds(60), True)


HELLO = {"name": "hello", "language": "en", "variables": {"1": "Jane"}}
ON_WHATSAPP = {"channel": "whatsapp"}
SAYS_HELLO = {"template": {"name": "hello", "language": "en", "variables": {}}}


@pytest.mark.parametrize(
    ("step", "content", "outside"),
    [
        (ON_WHATSAPP, {"text": "x"}, "nothing"),
        (ON_WHATSAPP | {"outside_window": HELLO}, {"text": "x"}, "template"),
        (ON_WHATSAPP, {"text": "x", "outside_window": HELLO}, "template"),
        (ON_WHATSAPP, SAYS_HELLO, None),
        ({"channel": "sms"}, {"text": "x", "outside_window": HELLO}, None),
    ],
)
def test_what_is_said_outside_a_window(
    step: dict[str, Any], content: dict[str, Any], outside: str | None
) -> None:
    """Only a text to who may get templates alone for a while needs another thing to say."""
    candidate = offered(content=content, route={"steps": [step]})
    assert candidate.message.plan.steps[0].outside_window == outside
    said = json.loads(candidate.contents)
    kept = said.get("whatsapp.1", {}).get("template") == HELLO
    assert kept is ("outside_window" in step)


STARTS = [("otp", seconds(30)), ("transactional", seconds(300)), ("marketing", None)]


@pytest.mark.parametrize(("category", "start_within"), STARTS)
def test_a_step_takes_the_categorys_start(category: str, start_within: timedelta | None) -> None:
    """`start_within` comes from the category where the step names none."""
    for step in offered(category=category).message.plan.steps:
        assert step.start_within == start_within
        assert step.fallback_on == DEFAULT_FALLBACK_ON


SKIPPED: list[tuple[dict[str, Any], list[str], str]] = [
    ({"to": {"phone": "+15550002222"}}, ["whatsapp", "sms"], "no address on email"),
    ({"to": {"email": "jane@example.com"}}, ["email"], "no address on whatsapp"),
    (
        {"content": {"subject": "Hi", "overrides": {"email": {"text": "Hello"}}}},
        ["email"],
        "nothing to say on sms",
    ),
    ({"content": {"text": "Hello"}}, ["whatsapp", "sms"], "no subject for email"),
    (
        {"tenant": "plain", "route": "default", "sender": "default"},
        ["sms"],
        "no account on whatsapp serves this tenant",
    ),
]


@pytest.mark.parametrize(("changes", "channels", "reason"), SKIPPED)
def test_leaves_out_steps_that_cannot_be_made(
    changes: dict[str, Any], channels: list[str], reason: str
) -> None:
    """A step without address, content or account is skipped, and the reason is kept."""
    candidate = offered(**changes)
    assert _channels(candidate) == channels
    assert reason in [problem for _, problem in candidate.skipped]


def test_a_template_with_another_mail_reaches_the_mail() -> None:
    """SMS can't say a template: its step is skipped, and the e-mail's own text is reached."""
    said = {
        "template": {"name": "order_shipped"},
        "overrides": {"email": {"text": "Shipped.", "subject": "Shipped"}},
    }
    candidate = offered(content=said)
    assert _channels(candidate) == ["whatsapp", "email"]
    assert candidate.skipped == ((2, "nothing to say on sms"),)


def test_a_text_too_long_for_phones_goes_by_mail() -> None:
    """5,000 characters fit neither WhatsApp nor SMS: both steps are skipped with their reasons."""
    candidate = offered(content={"text": "x" * 5000, "subject": "Hi"})
    assert _channels(candidate) == ["email"]
    assert candidate.skipped == (
        (1, "over 4,096 characters on whatsapp"),
        (2, "over 1,600 characters on sms"),
    )


MAILS: list[tuple[str, list[str], bool]] = [
    ("d-1", ["sendgrid-main"], True),
    ("d-1", ["sendgrid-main", "smtp-main"], False),
    ("welcome", ["sendgrid-main"], False),
]


@pytest.mark.parametrize(("name", "accounts", "usable"), MAILS)
def test_a_template_alone_must_be_held_by_every_account(
    name: str, accounts: list[str], *, usable: bool
) -> None:
    """Any account of a channel may be chosen, so a mail of a template alone needs it in all."""
    mails = {
        "sendgrid-main": {"provider": "sendgrid"},
        "smtp-main": {"provider": "smtp", "host": "smtp.example.com"},
    }
    document = DOCUMENT | {
        "accounts": {name: mails[name] for name in accounts},
        "tenants": {"default": {"route": "default"}},
        "senders": {},
        "routes": {"default": {"steps": [{"channel": "email"}]}},
    }
    configuration = HeraldFile.model_validate_json(json.dumps(document))
    arrived = envelope(content={"template": {"name": name}})
    read_as = read_send(arrived, configuration, Lane.NORMAL, NOW)
    assert isinstance(read_as, Candidate) == usable


def test_a_skipped_step_keeps_its_number_in_the_route() -> None:
    """The history names the step as the route counts it."""
    assert [number for number, _ in offered(to={"email": "jane@example.com"}).skipped] == [1, 2]


def test_a_number_that_no_account_takes_skips_the_step() -> None:
    """Accounts for other countries don't serve it: the next step is taken, the reason kept."""
    accounts = {name: dict(one) for name, one in DOCUMENT["accounts"].items()}
    accounts["twilio-main"]["countries"] = ["DE"]
    configuration = HeraldFile.model_validate_json(json.dumps({**DOCUMENT, "accounts": accounts}))
    steps = [{"channel": "sms"}, {"channel": "email"}]
    candidate = read_send(envelope(route={"steps": steps}), configuration, Lane.NORMAL, NOW)
    assert isinstance(candidate, Candidate)
    assert _channels(candidate) == ["email"]
    assert candidate.skipped == ((1, "no account on sms takes numbers like this one"),)


def test_whatsapp_falls_back_on_the_phone() -> None:
    """A WhatsApp number of its own is used there, the phone elsewhere."""
    both = {"phone": "+15550002222", "whatsapp": "+15550004444"}
    addresses = [step.address for step in offered(to=both).message.plan.steps]
    assert addresses == ["+15550004444", "+15550002222"]


TTLS = [("otp", 10 * 60), ("transactional", 24 * 3600), ("marketing", 72 * 3600)]


@pytest.mark.parametrize(("category", "ttl"), TTLS)
def test_every_message_has_an_end(category: str, ttl: int) -> None:
    """Without ttl and expires_at the category's time counts from now."""
    message = offered(category=category).message
    assert message.plan.expires_at == NOW + seconds(ttl)
    assert message.state.expire_at == message.plan.expires_at


def test_ttl_counts_from_the_scheduled_hour() -> None:
    """A scheduled message lives its ttl from `send_at` on."""
    message = offered(send_at=MOMENT, ttl="5m").message
    assert message.state.send_at == NOW + seconds(600)
    assert message.plan.expires_at == NOW + seconds(900)


def test_an_hour_that_passed_sends_now() -> None:
    """A `send_at` in the past is no error: the message starts at once, and lives from now."""
    message = offered(send_at="2026-01-19T11:00:00+00:00", ttl="5m").message
    assert message.state.send_at is None
    assert message.plan.expires_at == NOW + seconds(300)


def test_expires_at_is_taken_as_it_is() -> None:
    """An absolute end is the message's end."""
    assert offered(expires_at=MOMENT).message.plan.expires_at == NOW + seconds(600)


NAMES: list[tuple[dict[str, Any], str]] = [
    ({"idempotency_key": "order-7"}, "order-7"),
    (
        {"idempotency_key": None, "id": "00000000-0000-4000-8000-00000000abcd"},
        "00000000-0000-4000-8000-00000000abcd",
    ),
    ({"idempotency_key": None}, "cause-1"),
]


@pytest.mark.parametrize(("changes", "key"), NAMES)
def test_the_key_is_the_first_name_there_is(changes: dict[str, Any], key: str) -> None:
    """The key is `idempotency_key`, else the id, else the AMQP message_id."""
    message = offered(**changes).message
    assert message.idempotency_key == key
    if "id" not in changes:
        assert message.id == message_id_for("default", key)


def test_the_id_depends_on_tenant_and_key_alone() -> None:
    """The same key of the same tenant names the same message; another tenant's another."""
    first, again = offered(), offered(content={"text": "Other"})
    other = offered(tenant="plain")
    assert first.message.id == again.message.id
    assert first.message.id != other.message.id


def test_stores_what_each_channel_says() -> None:
    """An override replaces the parts it sets, on its channel alone; none is kept beside it."""
    content: dict[str, Any] = {"text": "Hello", "subject": "Hi"}
    overrides = {"sms": {"text": "Hi"}}
    overridden = json.loads(offered(content=content | {"overrides": overrides}).contents)
    assert overridden["sms"]["text"] == "Hi"
    assert overridden["email"]["text"] == "Hello"
    assert json.loads(offered(content=content).contents)["email"] == overridden["email"]


def test_an_empty_message_id_is_none() -> None:
    """A producer that sets an empty AMQP message_id names nothing by it."""
    arrived = envelope_of(Delivery(body=b"{}", message_id=""))
    assert arrived.message_id is None
    assert arrived.context.cause == body_id(b"{}")


def test_the_same_bytes_without_a_name_are_the_same_cause() -> None:
    """A command without message_id is named by its bytes."""
    one = Envelope(body=b"{}", routing_key="message.send")
    two = Envelope(body=b"{}", routing_key="message.send", redelivered=True)
    other = Envelope(body=b"{ }", routing_key="message.send")
    assert one.context.cause == two.context.cause != other.context.cause


def test_keeps_what_the_producer_correlates_by() -> None:
    """Correlation id, metadata, name and lane are part of the plan."""
    candidate = read_send(envelope(metadata={"order": "7"}), CONFIGURATION, Lane.URGENT, NOW)
    assert isinstance(candidate, Candidate)
    plan = candidate.message.plan
    assert (plan.correlation_id, plan.metadata) == ("corr-1", {"order": "7"})
    assert (plan.recipient_name, plan.lane) == ("Jane", Lane.URGENT)


def test_reading_is_pure() -> None:
    """The same bytes at the same moment give the same candidate."""
    assert read(envelope()) == read(envelope())
