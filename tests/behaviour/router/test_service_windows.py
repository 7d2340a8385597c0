"""Texts to people who have not written lately: what is sent instead, and what is learned."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from behaviour.router.erasing import another_phone
from behaviour.router.receipts import inbound, receipt, webhook
from behaviour.router.world import World
from herald.contracts.failures import Failure
from herald.contracts.identifiers import message_id_for
from herald.contracts.masking import address_hash
from herald.contracts.vocabulary import FailureClass, Status
from herald.contracts.work import Work

ROUTERS = 2  # what one has learned the other knows
TEMPLATE = {"name": "your_order", "language": "en", "variables": {"1": "Ada"}}
LATE = {
    "failure": Failure.of(FailureClass.UNREACHABLE, 131047, "Re-engagement message"),
    "outside_window": True,
    "account": "wa-strict",
}


@pytest.fixture
def phone() -> str:
    """Give a number that nobody else has."""
    return another_phone()


async def sent(world: World, phone: str, channel: str = "whatsapp", **changes: Any) -> Work:
    """Send to a phone for the tenant whose accounts keep to the window; take the work."""
    key = str(uuid.uuid4())
    body = {"tenant": "windows", "to": {"phone": phone}, "content": {"text": "Hi"}}
    await world.send(**body | {"idempotency_key": key} | changes)
    return await taken(world, key, channel)


async def taken(world: World, key: str, channel: str, number: int = 1) -> Work:
    message_id = str(message_id_for("windows", key))

    def found() -> Work | None:
        return next(
            (
                work
                for work in world.works
                if (work.message_id, work.channel) == (message_id, channel)
                and work.attempt_id.endswith(f".{number}")
            ),
            None,
        )

    work: Work = await world.until(found)
    world.works.remove(work)
    return work


async def wrote(world: World, phone: str, account: str = "wa-strict", **changes: Any) -> None:
    received = inbound(sender=phone, account=account, **changes)
    await world.report(received)
    await world.row("SELECT true FROM router.inbound WHERE reference = $1", received.reference)


async def notes(world: World, work: Work) -> str:
    query = "SELECT string_agg(note, '; ') FROM router.history WHERE message_id = $1"
    return str(await world.database.fetchval(query, work.message_id))


async def test_outside_the_window_the_next_channel_is_used(world: World, phone: str) -> None:
    """No call is made in vain, and the timeline names the reason."""
    work = await sent(world, phone, "sms")
    assert "skipped whatsapp (step 1): outside_window" in await notes(world, work)


async def test_on_the_only_channel_the_message_fails(world: World, phone: str) -> None:
    """Its event has the reason as the failure's code."""
    key = str(uuid.uuid4())
    route = {"steps": [{"channel": "whatsapp"}]}
    await world.send(
        tenant="windows",
        to={"phone": phone},
        content={"text": "Hi"},
        route=route,
        idempotency_key=key,
    )
    [event] = await world.heard("failed", key)
    assert (event["failure"]["code"], event["outcome"]) == ("outside_window", "failed")


async def test_within_the_window_the_text_goes(world: World, phone: str) -> None:
    """From the recipient's message on, and not any more a day after it."""
    await wrote(world, phone, occurred_at=datetime.now(UTC) - timedelta(hours=23, minutes=59))
    assert (await sent(world, phone)).content.text == "Hi"
    await world.database.execute(
        "UPDATE router.conversations SET last_at = last_at - interval '2 minutes'"
        " WHERE address_hash = $1",
        address_hash(phone),
    )
    assert (await sent(world, phone, "sms")).content.text == "Hi"


async def test_a_number_that_whatsapp_writes_otherwise_is_the_same(world: World) -> None:
    """A Brazilian number may come without its 9: whoever wrote so gets the text."""
    phone = f"+5511{9}{60000000 + uuid.uuid4().int % 10**7}"
    await wrote(world, phone.replace("+55119", "+5511"))
    assert (await sent(world, phone)).content.text == "Hi"


async def test_outside_it_the_template_of_the_step_goes(world: World, phone: str) -> None:
    """The route names one: it is all that the work says."""
    work = await sent(world, phone, route="windows-template")
    assert work.content.template is not None
    assert (work.content.template.name, work.content.text) == ("write_to_us", None)
    assert "says a template: the recipient has not written" in await notes(world, work)


async def test_the_template_of_the_message_comes_first(world: World, phone: str) -> None:
    """What the content names for that is sent instead of the route's, with its variables."""
    content = {"text": "Hi", "outside_window": TEMPLATE}
    work = await sent(world, phone, route="windows-template", content=content)
    template = work.content.template
    assert template is not None
    assert (template.name, template.variables) == ("your_order", {"1": "Ada"})
    assert work.content.outside_window is None


async def test_the_account_they_wrote_to_sends_the_text(world: World, phone: str) -> None:
    """Where several serve the step, the others' windows are closed."""
    await wrote(world, phone, "wa-strict-second")
    work = await sent(world, phone, route="windows-template")
    assert (work.account, work.content.text) == ("wa-strict-second", "Hi")


@pytest.mark.parametrize("report", [receipt, webhook])
async def test_a_refusal_leads_to_the_template_and_is_remembered(
    world: World, phone: str, report: Any
) -> None:
    """The provider knows better: in its response or by webhook, for this message and the next."""
    await wrote(world, phone, occurred_at=datetime.now(UTC) - timedelta(hours=1))
    first = await sent(world, phone, route="windows-template")
    assert first.content.text == "Hi"
    if report is webhook:
        await world.report(receipt(first, Status.ACCEPTED, account="wa-strict"))
    await world.report(report(first, Status.FAILED, **LATE))
    key = await world.database.fetchval(
        "SELECT idempotency_key FROM router.messages WHERE id = $1", first.message_id
    )
    second = await taken(world, key, "whatsapp", number=2)
    assert second.content.template is not None
    assert (await sent(world, phone, route="windows-template")).content.template is not None
    await wrote(world, phone)
    assert (await sent(world, phone, route="windows-template")).content.text == "Hi"


async def test_a_foreign_refusal_closes_nothing(world: World, phone: str) -> None:
    """A report by an account that did not send it is a dead letter and nothing else."""
    await wrote(world, phone, occurred_at=datetime.now(UTC) - timedelta(hours=1))
    work = await sent(world, phone)
    await world.report(receipt(work, Status.ACCEPTED, account="wa-strict"))
    foreign = receipt(work, Status.FAILED, **LATE | {"account": "wa-raw"})
    await world.report(foreign)
    await world.row(
        "SELECT true FROM router.dead_letters"
        " WHERE reason = 'foreign_receipt' AND encode(body, 'escape') LIKE $1",
        f"%{work.attempt_id}%",
    )
    closed = "SELECT closed_at FROM router.conversations WHERE address_hash = $1"
    assert await world.database.fetchval(closed, address_hash(phone)) is None


async def test_a_template_that_no_account_has_is_refused(world: World) -> None:
    """The answer names the field."""
    answer = await world.ask(
        {
            "tenant": "windows",
            "to": {"phone": "+15550002222"},
            "content": {"text": "Hi"},
            "route": {"steps": [{"channel": "sms", "outside_window": TEMPLATE}]},
        }
    )
    assert (answer.what, answer.data["field"]) == ("rejected", "route.steps.0.outside_window")
