"""Messages that answer what a recipient sent, and replies of recipients that quote nothing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from behaviour.router.erasing import another_phone
from behaviour.router.receipts import inbound, receipt
from behaviour.router.world import Heard, World
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import Status
from herald.contracts.work import WorkReply

ON_WHATSAPP = {"steps": [{"channel": "whatsapp"}, {"channel": "sms"}]}


@pytest.fixture
def phone() -> str:
    """Give a number that nobody else has."""
    return another_phone()


async def heard(world: World, received: InboundReceipt) -> Heard:
    """Report a recipient's message and wait for its event."""
    await world.report(received)

    def found() -> Heard | None:
        return next(
            (
                event
                for event in world.events
                if event.data.get("provider_message_id") == received.reference
            ),
            None,
        )

    event: Heard = await world.until(found)
    return event


def reply(phone: str, in_reply_to: str, **changes: Any) -> dict[str, Any]:
    return {
        "idempotency_key": str(uuid.uuid4()),
        "to": {"phone": phone, "email": "ada@example.com"},
        "content": {"text": "Yes", "subject": "Re: order"},
        "route": ON_WHATSAPP,
        "in_reply_to": in_reply_to,
    } | changes


@pytest.mark.parametrize("by", ["event", "provider"])
async def test_an_answer_names_what_it_answers(world: World, phone: str, by: str) -> None:
    """By the event's id or the provider's; it goes out from the account that was written to."""
    received = inbound(sender=phone, account="wa-second")
    event = await heard(world, received)
    body = reply(phone, event.event["id"] if by == "event" else received.reference)
    assert (await world.ask(body)).what == "accepted"
    work = await world.work("whatsapp", body["idempotency_key"])
    assert work.account == "wa-second"
    assert work.content.in_reply_to == WorkReply(reference=received.reference, account="wa-second")
    note = "SELECT note FROM router.history WHERE message_id = $1 AND fact = 'step:2:reply'"
    found = await world.database.fetchval(note, work.message_id)
    assert found == "in_reply_to can't be said on sms"


async def test_a_mail_is_answered_by_its_message_id(world: World) -> None:
    """A mail's own id goes into the answer's headers, not what its provider calls it."""
    sender = f"{uuid.uuid4().hex}@example.com"
    received = inbound(
        channel="email",
        provider="sendgrid",
        account="sendgrid-main",
        sender=sender,
        mail={"message_id": "<1@mail.example.org>"},
    )
    event = await heard(world, received)
    route = {"steps": [{"channel": "email"}]}
    body = reply("", event.event["id"], to={"email": sender}, route=route)
    assert (await world.ask(body)).what == "accepted"
    work = await world.work("email", body["idempotency_key"])
    answered = work.content.in_reply_to
    assert answered is not None
    assert answered.reference == "<1@mail.example.org>"


async def test_what_is_not_known_is_refused(world: World, phone: str) -> None:
    """What nobody sent, another tenant's, or somebody else's: the answer names the field."""
    foreign = await heard(world, inbound(sender=phone, account="wa-raw"))
    others = await heard(world, inbound())
    for name in (str(uuid.uuid4()), "wamid.unknown", foreign.event["id"], others.event["id"]):
        answer = await world.ask(reply(phone, name))
        assert (answer.what, answer.data["field"]) == ("rejected", "in_reply_to")


async def test_a_repeat_is_a_duplicate_when_what_it_answered_is_gone(
    world: World, phone: str
) -> None:
    """The command was accepted once; its repeat is answered by its key."""
    event = await heard(world, inbound(sender=phone))
    body = reply(phone, event.event["id"])
    assert (await world.ask(body)).what == "accepted"
    await world.database.execute("DELETE FROM router.inbound WHERE id = $1", event.event["id"])
    assert (await world.ask(body)).what == "duplicate"


async def test_a_mail_may_answer_one_that_herald_never_saw(world: World, phone: str) -> None:
    """A Message-ID is taken as it is, and on e-mail alone."""
    route = {"steps": [{"channel": "email"}]}
    body = reply(phone, "<order-1@shop.example>", route=route)
    assert (await world.ask(body)).what == "accepted"
    work = await world.work("email", body["idempotency_key"])
    assert work.content.in_reply_to == WorkReply(reference="<order-1@shop.example>")


async def test_a_reply_without_a_quote_names_the_latest_message(world: World, phone: str) -> None:
    """Only a guess: the latest that reached them on the channel; a quote makes it needless."""
    works = []
    for _ in range(2):
        key = await world.send(to={"phone": phone}, route={"steps": [{"channel": "whatsapp"}]})
        works.append(await world.work("whatsapp", key))
        await world.report(receipt(works[-1], Status.ACCEPTED))
        accepted = "SELECT count(*) FROM router.provider_refs WHERE attempt_id = $1"
        await world.row(accepted, works[-1].attempt_id)
    waiting = await world.send(to={"phone": phone}, route={"steps": [{"channel": "whatsapp"}]})
    await world.work("whatsapp", waiting)  # nobody has it yet
    event = await heard(world, inbound(sender=phone))
    assert (event.data["in_reply_to"], event.data["latest_message_id"]) == (
        None,
        works[-1].message_id,
    )
    quoting = await heard(world, inbound(sender=phone, in_reply_to=f"ref-{works[0].attempt_id}"))
    assert (quoting.data["in_reply_to"], quoting.data["latest_message_id"]) == (
        works[0].message_id,
        None,
    )
    by_sms = await heard(
        world, inbound(sender=phone, channel="sms", provider="twilio", account="twilio-main")
    )
    assert by_sms.data["latest_message_id"] is None
