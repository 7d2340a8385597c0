"""Who opted out is not written to: by words, receipts and commands, asked before each step."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from behaviour.router.consenting import (
    TENANTS,
    accepted,
    clicked,
    missing_key,
    news,
    notes,
    said,
    sent,
)
from behaviour.router.erasing import erase
from behaviour.router.receipts import inbound, receipt, webhook
from behaviour.router.world import Body, World
from herald.contracts.failures import Failure
from herald.contracts.inbound import InboundPreference
from herald.contracts.masking import MaskingKey, address_hash, masking_key, set_masking_key
from herald.contracts.topology import SUPPRESS_KEY, UNSUPPRESS_KEY
from herald.contracts.vocabulary import (
    Category,
    FailureClass,
    InboundKind,
    PreferenceValue,
    Status,
)
from reading import ask

ROUTERS = 2


@pytest.fixture
def phone() -> str:
    """Give a number that nobody else has."""
    return f"+1555{uuid.uuid4().int % 10**7:07}"


@pytest.fixture
def email() -> str:
    """Give an address that nobody else has."""
    return f"{uuid.uuid4().hex}@example.com"


async def test_after_a_stop_the_next_channel_is_used(world: World, phone: str) -> None:
    """STOP by SMS: the SMS step is skipped as opted_out, without an attempt, and e-mail is sent."""
    await said(world, phone, "Stop.")
    event = (await news(world, "suppressed", phone))[0]
    assert (event["channel"], event["reason"], event["account"]) == ("sms", "stop", "twilio-main")
    key = await sent(world, phone)
    work = await world.work("email", key)
    assert work.attempt_id.endswith(".2.1")
    assert "skipped sms (step 1): opted_out" in await notes(world, key)


async def test_without_a_channel_left_it_fails_as_opted_out(
    world: World, phone: str, email: str
) -> None:
    """Suppressed on both channels, nothing is sent, and the event says why."""
    await world.ask({"to": {"phone": phone, "email": email}}, SUPPRESS_KEY)
    key = await sent(world, phone, email, category="otp")
    [failed] = await world.heard("failed", key)
    assert failed["failure"]["class"] == failed["failure"]["code"] == "opted_out"
    assert failed["attempt_id"] is None
    assert failed["outcome"] == "failed"


async def test_a_start_undoes_it(world: World, phone: str) -> None:
    """START is heard as STOP was; what a command suppressed stays."""
    await said(world, phone, "STOP")
    await news(world, "suppressed", phone)
    await said(world, phone, "start")
    [event] = (await news(world, "unsuppressed", phone))[:1]
    assert event["reason"] == "stop"
    await world.work("sms", await sent(world, phone))
    await world.ask({"to": {"phone": phone}}, SUPPRESS_KEY)
    await said(world, phone, "START")
    await said(world, phone, "Thanks")
    await world.work("email", await sent(world, phone))


async def test_it_counts_for_every_tenant_of_the_account(world: World, phone: str) -> None:
    """The recipient knows no tenants: who shares the number stops, too."""
    await said(world, phone, "STOP")
    reported = await news(world, "suppressed", phone, len(TENANTS))
    assert {event["tenant"] for event in reported} == set(TENANTS)


async def test_stop_between_two_steps_is_seen_by_the_second(
    world: World, phone: str, email: str
) -> None:
    """The second step is asked about when it is about to start, not when the message came."""
    steps = {"steps": [{"channel": "whatsapp"}, {"channel": "sms"}, {"channel": "email"}]}
    key = await world.send(to={"phone": phone, "email": email}, route=steps)
    work = await world.work("whatsapp", key)
    await said(world, phone, "STOP")
    await news(world, "suppressed", phone)
    gone = Failure.of(FailureClass.UNREACHABLE, "131026")
    await world.report(receipt(work, Status.FAILED, failure=gone))
    await world.work("email", key)
    [fallback] = await world.heard("fallback", key)
    assert fallback["fallback"]["to_channel"] == "email"


@pytest.mark.parametrize(
    ("status", "failure", "reason", "marketing", "transactional"),
    [
        (Status.COMPLAINED, None, "complaint", "failed", "sent"),
        (Status.UNSUBSCRIBED, None, "unsubscribed", "failed", "sent"),
        (
            Status.BOUNCED,
            Failure.of(FailureClass.UNREACHABLE, "5.1.1", address_gone=True),
            "hard_bounce",
            "failed",
            "failed",
        ),
        (
            Status.FAILED,
            Failure.of(FailureClass.OPTED_OUT, "131050", opted_out_of=Category.MARKETING),
            "opted_out",
            "failed",
            "sent",
        ),
        (Status.FAILED, Failure.of(FailureClass.OPTED_OUT, "x"), "opted_out", "failed", "failed"),
    ],
)
async def test_what_receipts_say(
    world: World,
    email: str,
    status: Status,
    failure: Failure | None,
    reason: str,
    marketing: str,
    transactional: str,
) -> None:
    """A complaint stops marketing; a dead address everything; each is recorded once."""
    work = await accepted(world, "+15550002222", email, "email")
    for _ in range(2):
        await world.report(webhook(work, status, failure=failure))
    [event] = await news(world, "suppressed", email)
    assert (event["reason"], event["message_id"]) == (reason, work.message_id)
    route = {"steps": [{"channel": "email"}]}
    for category, expected in (("marketing", marketing), ("transactional", transactional)):
        key = await world.send(to={"email": email}, route=route, category=category)
        if expected == "sent":
            await world.work("email", key)
        else:
            await world.heard("failed", key)
    assert len(await news(world, "suppressed", email)) == 1


async def test_a_soft_bounce_says_nothing(world: World, email: str) -> None:
    """A full mailbox is written to again."""
    work = await accepted(world, "+15550002222", email, "email")
    full = Failure.of(FailureClass.UNREACHABLE, "5.2.2")
    await world.report(webhook(work, Status.BOUNCED, failure=full))
    await world.report(webhook(work, Status.DEFERRED, failure=full))
    route = {"steps": [{"channel": "email"}]}
    await world.work("email", await world.send(to={"email": email}, route=route))


async def test_whatsapp_preferences(world: World, phone: str) -> None:
    """No more marketing on WhatsApp, until they resume."""
    route = {"steps": [{"channel": "whatsapp"}, {"channel": "sms"}]}

    async def choose(value: PreferenceValue) -> None:
        preference = InboundPreference(value=value, category="marketing_messages")
        kind = InboundKind.PREFERENCE
        await world.report(
            inbound(sender=phone, content=kind, preference=preference, account="wa-raw")
        )

    await choose(PreferenceValue.STOP)
    await news(world, "suppressed", phone, 2)
    for category, channel in (("marketing", "sms"), ("transactional", "whatsapp")):
        key = await world.send(to={"phone": phone}, route=route, category=category)
        await world.work(channel, key)
    await choose(PreferenceValue.RESUME)
    await news(world, "unsuppressed", phone, 2)
    await world.work(
        "whatsapp", await world.send(to={"phone": phone}, route=route, category="marketing")
    )


async def test_commands_are_answered(world: World, phone: str) -> None:
    """The same command gets the same answer; another that changes nothing is a duplicate."""
    body, cause = {"to": {"phone": phone}, "channel": "sms", "category": "marketing"}, "c" + phone
    first = await world.ask(body, SUPPRESS_KEY, message_id=cause)
    again = await world.ask(body, SUPPRESS_KEY, message_id=cause)
    assert first.what == again.what == "accepted"
    assert first.event["id"] == again.event["id"]
    assert (await world.ask(body, SUPPRESS_KEY)).what == "duplicate"
    await world.work("sms", await sent(world, phone))
    await world.work("email", await sent(world, phone, category="marketing"))
    assert (await world.ask({"to": {"phone": phone}}, UNSUPPRESS_KEY)).what == "accepted"
    assert (await world.ask({"to": {"phone": phone}}, UNSUPPRESS_KEY)).what == "duplicate"
    query = "SELECT change FROM router.suppression_history WHERE address_hash = $1 ORDER BY id"
    changes = await world.database.fetch(query, address_hash(phone))
    assert [row["change"] for row in changes] == ["suppressed", "unsuppressed"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tenant": "closed"}, "tenant"),
        ({"tenant": "nobody"}, "tenant"),
        ({"to": {"phone": "12"}}, "to.phone"),
        ({"channel": "fax"}, "channel"),
        ({"channel": "email"}, "to"),
        ({"category": "news"}, "category"),
        ({"because": "x"}, "because"),
    ],
)
async def test_what_is_refused(world: World, phone: str, changes: Body, field: str) -> None:
    """Who may not, and what can't be read, is refused with the field."""
    heard = await world.ask({"to": {"phone": phone}} | changes, SUPPRESS_KEY)
    assert (heard.what, heard.data["field"]) == ("rejected", field)


async def test_two_routers_record_one_suppression(world: World, phone: str) -> None:
    """The same wish reported to both at once is one row and one event."""
    await asyncio.gather(*(said(world, phone, "STOP") for _ in range(8)))
    await news(world, "suppressed", phone, len(TENANTS))
    query = "SELECT count(*) FROM router.suppression_history WHERE address_hash = $1"
    assert await world.database.fetchval(query, address_hash(phone)) == len(TENANTS)


async def test_an_erasure_leaves_the_suppression(world: World, phone: str) -> None:
    """Who asked for no more messages and to be forgotten gets none after it either."""
    await said(world, phone, "STOP")
    await news(world, "suppressed", phone)
    await erase(world, phone)
    await world.work("email", await sent(world, phone))


async def test_a_suppression_outlives_its_masking_key(world: World, phone: str) -> None:
    """It is found by the key that it was made with, as long as that is configured."""
    earlier = MaskingKey(b"another key, of before, with its 32 bytes")
    await world.database.execute(
        "INSERT INTO router.suppressions"
        " (tenant, address_hash, channel, category, reason, hashed_with, source, cause)"
        " VALUES ('default', $1, '', '', 'stop', $2, 'twilio-main', 'c')",
        *(earlier.hash(phone), earlier.name),
    )
    own = masking_key()
    asked = {"phone": phone, "tenant": "default"}
    found = await ask(world.apps[0], "/suppressions/search", body=asked)
    assert (found.document["suppressions"], found.document["complete"]) == ([], False)
    assert "earlier_key_files" in (await missing_key(world) or "")
    set_masking_key(own, [earlier])
    try:
        await world.heard("failed", await world.send(to={"phone": phone}, route="sms"))
        found = await ask(world.apps[0], "/suppressions/search", body=asked)
        assert [one["reason"] for one in found.document["suppressions"]] == ["stop"]
        assert found.document["complete"]
        assert await missing_key(world) is None
        assert (await world.ask({"to": {"phone": phone}}, UNSUPPRESS_KEY)).what == "accepted"
    finally:
        set_masking_key(own)


async def test_a_followed_link_unsubscribes(world: World, email: str) -> None:
    """The message's event says so, and marketing stops; once, however often it is followed."""
    work = await accepted(world, "+15550002222", email, "email", category="marketing")
    for _ in range(3):
        await world.report(clicked(work.attempt_id, email))
    [event] = await news(world, "suppressed", email)
    assert (event["reason"], event["provider"], event["channel"]) == ("unsubscribed", None, "email")
    found = [h for h in world.events if h.what == "unsubscribed"]
    assert [h.data["provider"] for h in found if h.data["message_id"] == work.message_id] == [
        "sendgrid"
    ]
    route = {"steps": [{"channel": "email"}]}
    for category, what in (("transactional", "accepted"), ("marketing", "failed")):
        key = await world.send(to={"email": email}, route=route, category=category)
        await world.heard(what, key)


async def test_a_link_outlives_its_message(world: World, email: str) -> None:
    """The hash in it says who unsubscribes; nothing is a dead letter."""
    attempt_id = f"{uuid.uuid4()}.1.1"
    await world.report(clicked(attempt_id, email))
    query = "SELECT source FROM router.suppressions WHERE address_hash = $1"
    assert await world.row(query, address_hash(email)) == "unsubscribe_link"
    letters = "SELECT count(*) FROM router.dead_letters WHERE encode(body, 'escape') LIKE $1"
    assert await world.database.fetchval(letters, f"%{attempt_id}%") == 0
