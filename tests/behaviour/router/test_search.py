"""Finding messages through the read API: by each criterion, page by page, each tenant its own."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from behaviour.router.receipts import receipt, webhook
from behaviour.router.world import World, command
from herald.contracts.identifiers import message_id_for
from herald.contracts.masking import masked
from herald.contracts.vocabulary import Receipts, Status
from reading import OPERATOR, ApiResponse, ask

ROUTERS = 2

_numbers = itertools.count(15550100000)


@pytest.fixture
def phone() -> str:
    """Give a number that no other test sends to."""
    return f"+{next(_numbers)}"


async def search(world: World, *, reader: str = OPERATOR, **wanted: Any) -> ApiResponse:
    """Ask one router, and the next time the other."""
    world.apps.reverse()
    return await ask(world.apps[0], "/messages/search", reader=reader, body=wanted)


async def keys(world: World, *, reader: str = OPERATOR, **wanted: Any) -> list[str]:
    """Return the keys of what is found, in order."""
    answer = await search(world, reader=reader, **wanted)
    assert answer.status == 200, answer.body
    return [message["idempotency_key"] for message in answer.document["messages"]]


async def send(world: World, phone: str, **changes: Any) -> str:
    """Have a message accepted; return its key."""
    body = command(**{"to": {"phone": phone}, **changes})
    answer = await world.ask(body)
    assert answer.what == "accepted"
    return str(body["idempotency_key"])


async def newest_first(world: World, *keys: str) -> list[str]:
    """Order messages as they are found: two routers' readings of the time differ by a little."""
    rows = await world.database.fetch(
        "SELECT idempotency_key FROM router.messages WHERE idempotency_key = ANY ($1)"
        " ORDER BY created_at DESC, id DESC",
        keys,
    )
    return [row["idempotency_key"] for row in rows]


async def delivered(world: World, phone: str) -> str:
    """Have a message delivered; return its key."""
    key = await send(world, phone)
    work = await world.work("whatsapp", key)
    await world.claim(work)
    await world.report(receipt(work, Status.ACCEPTED, receipts=Receipts.READ))
    await world.report(webhook(work, Status.DELIVERED))
    await world.heard("delivered", key)
    return key


async def cancelled(world: World, phone: str) -> str:
    """Have a message cancelled; return its key."""
    key = await send(world, phone)
    await world.cancel(key)
    return key


def ways_of_writing(phone: str) -> Iterator[dict[str, str]]:
    """Name a number in each way that is taken."""
    yield {"phone": phone}
    yield {"phone": f"{phone[:2]} ({phone[2:5]}) {phone[5:8]}-{phone[8:]}"}
    yield {"address": phone}
    yield {"address": phone[1:]}  # as WhatsApp has it
    yield {"address": masked(phone)}


async def test_by_number_however_it_is_written(world: World, phone: str) -> None:
    """It is one recipient on WhatsApp and SMS, by a mask from a log too; the newest first."""
    first, second = await send(world, phone), await send(world, phone)
    both = await newest_first(world, first, second)
    for written in ways_of_writing(phone):
        assert await keys(world, **written) == both


async def test_by_email_in_any_case(world: World) -> None:
    """Nobody knows how it was written when it was sent."""
    mailbox = f"Ada.{uuid.uuid4().hex}@Example.com"
    key = await send(world, "+15550002222", to={"phone": "+15550002222", "email": mailbox})
    assert await keys(world, email=mailbox.lower()) == [key]
    assert await keys(world, address=masked(mailbox)) == [key]


async def test_by_another_address(world: World) -> None:
    """Such as Meta's own id of a user who shows no number."""
    user = f"US.{uuid.uuid4().hex}"
    key = await send(world, "", to={"addresses": {"whatsapp": user}})
    assert await keys(world, address=user) == [key]


async def test_by_outcome_and_status(world: World, phone: str) -> None:
    """How it ended, that it has not, and how far it came."""
    well, taken_back = await delivered(world, phone), await cancelled(world, phone)
    waiting = await send(world, phone)
    for wanted, found in (
        ({"outcome": "succeeded"}, [well]),
        ({"outcome": "cancelled"}, [taken_back]),
        ({"outcome": "none"}, [waiting]),
        ({"outcome": "failed"}, []),
        ({"status": "delivered"}, [well]),
        ({"status": "queued"}, await newest_first(world, taken_back, waiting)),
    ):
        assert await keys(world, phone=phone, **wanted) == found
        assert set(found) <= set(await keys(world, **wanted))  # without a recipient, too


async def test_by_metadata(world: World, phone: str) -> None:
    """All pairs that are given must be there; a recipient is not needed."""
    order, shop = uuid.uuid4().hex, uuid.uuid4().hex
    first = await send(world, phone, metadata={"order": order, "shop": shop})
    second = await send(world, phone, metadata={"shop": shop})
    await send(world, phone, metadata={"order": shop})
    assert await keys(world, metadata={"shop": shop}) == await newest_first(world, first, second)
    assert await keys(world, metadata={"shop": shop, "order": order}) == [first]
    assert await keys(world, metadata={"shop": order}, phone=phone) == []


async def test_by_time(world: World, phone: str) -> None:
    """`since` counts, `until` does not; an age is counted by the database's clock."""
    sent = await send(world, phone), await send(world, phone)
    second, first = await newest_first(world, *sent)
    created = "SELECT created_at FROM router.messages WHERE idempotency_key = $1"
    at: datetime = await world.database.fetchval(created, second)
    moment = at.isoformat()
    assert await keys(world, phone=phone, since=moment) == [second]
    assert await keys(world, phone=phone, until=moment) == [first]
    assert await keys(world, phone=phone, since="1h") == [second, first]
    assert await keys(world, phone=phone, until="1h") == []
    later = (at + timedelta(hours=1)).astimezone(UTC).isoformat()
    assert await keys(world, phone=phone, since=moment, until=later) == [second]


async def test_by_whether_it_was_sent_again(world: World, phone: str) -> None:
    """Operators look for what failed and was not sent again yet."""
    first, second = await cancelled(world, phone), await cancelled(world, phone)
    await world.database.execute(
        "UPDATE router.messages SET resent_as = gen_random_uuid() WHERE idempotency_key = $1", first
    )
    assert await keys(world, phone=phone, outcome="cancelled", resent=False) == [second]
    assert await keys(world, phone=phone, resent=True) == [first]


async def test_what_is_shown_of_a_message(world: World, phone: str) -> None:
    """Enough to recognise it, its recipient masked, and nothing of what it says."""
    key = await delivered(world, phone)
    answer = await search(world, phone=phone)
    [message] = answer.document["messages"]
    assert message["steps"][:2] == [
        {"channel": "whatsapp", "address": masked(phone)},
        {"channel": "sms", "address": masked(phone)},
    ]
    assert message["attempts"] == [{"step": 1, "channel": "whatsapp", "status": "delivered"}]
    assert (message["idempotency_key"], message["tenant"]) == (key, "default")
    assert (message["status"], message["outcome"]) == ("delivered", "succeeded")
    assert phone[1:].encode() not in answer.body
    assert b"Hello" not in answer.body


async def test_each_reader_finds_its_own_tenants_messages(world: World, phone: str) -> None:
    """An operator finds all; another tenant is refused by name."""
    own = await send(world, phone)
    others = await send(world, phone, tenant="other", route="sms")
    assert await keys(world, phone=phone) == await newest_first(world, own, others)
    assert await keys(world, phone=phone, tenant="other") == [others]
    assert await keys(world, phone=phone, reader="default") == [own]
    assert await keys(world, phone=phone, reader="other") == [others]
    refused = await search(world, phone=phone, tenant="other", reader="default")
    assert refused.status == 403
    assert refused.document == {"error": "this token may not read tenant other"}


async def test_an_operator_finds_messages_of_tenants_that_are_no_more(
    world: World, phone: str
) -> None:
    """A tenant that was taken out of the configuration leaves its messages behind."""
    key = await send(world, phone)
    for table, name in (("messages", "id"), ("recipients", "message_id")):
        await world.database.execute(
            f"UPDATE router.{table} SET tenant = 'former' WHERE {name} = $1",  # noqa: S608
            message_id_for("default", key),
        )
    assert await keys(world, phone=phone) == [key]
    assert await keys(world, phone=phone, reader="default") == []


async def test_searches_leave_connections_to_messages(world: World, phone: str) -> None:
    """However many wait for the database at once, commands are taken; then each is answered."""
    async with world.held("router.masking"):
        searching = [asyncio.create_task(search(world, phone=phone)) for _ in range(20)]
        for _ in range(4):
            await send(world, phone)
        assert not any(task.done() for task in searching)
    assert {(await task).status for task in searching} == {200}


async def test_without_a_token_nothing_is_found(world: World, phone: str) -> None:
    """As everywhere in the read API."""
    answer = await ask(world.apps[0], "/messages/search", reader=None, body={"phone": phone})
    assert answer.status == 401


async def test_pages_are_stable_among_messages_of_one_moment(world: World, phone: str) -> None:
    """Each message is on one page, also when others come meanwhile; any router has the next one."""
    sent = {await send(world, phone) for _ in range(7)}
    await world.database.execute(
        "WITH one AS (UPDATE router.recipients r SET created_at = date_trunc('hour', now())"
        " FROM router.messages m WHERE m.id = message_id AND idempotency_key = ANY ($1))"
        " UPDATE router.messages SET created_at = date_trunc('hour', now())"
        " WHERE idempotency_key = ANY ($1)",
        list(sent),
    )
    found: list[str] = []
    after: dict[str, str] = {}
    while True:
        answer = (await search(world, phone=phone, limit=3, **after)).document
        found += [message["idempotency_key"] for message in answer["messages"]]
        if answer["next"] is None:
            break
        after = {"after": answer["next"]}
        await send(world, phone)
    assert sorted(found) == sorted(sent)


WRONG: list[tuple[Any, str]] = [
    (b"", "Invalid JSON"),
    (b"[]", "should be an object"),
    ({"telephone": "+15550002222"}, "telephone: no such field"),
    ({"phone": "12"}, "phone: not a phone number with + and country code"),
    ({"phone": "+1"}, "phone: not a"),
    ({"email": "ada"}, "email: not an e-mail address"),
    ({"address": " "}, "address: must not be blank"),
    ({"phone": "+15550002222", "email": "a@example.com"}, "give one of phone, email and address"),
    ({"outcome": "lost"}, "outcome: Input should be 'succeeded', 'failed', 'expired'"),
    ({"status": "lost"}, "status: Input should be 'queued', 'sent', 'delivered', 'read'"),
    ({"since": "yesterday"}, "since: give a moment with an offset"),
    ({"since": "2026-01-31T12:00:00"}, "since: give a moment with an offset"),
    ({"since": 5}, "since: give a moment with an offset"),
    ({"since": "1h", "until": "2h"}, "since must lie before until"),
    (
        {"since": "2026-02-01T00:00Z", "until": "2026-01-01T00:00Z"},
        "since must lie before until",
    ),
    ({"limit": 0}, "limit: Input should be greater than or equal to 1"),
    ({"limit": 501}, "limit: Input should be less than or equal to 500"),
    ({"after": "2"}, "after: this is no `next` of an answer"),
    ({"after": "0001-01-01T00:00:00+23:00/x"}, "after: this is no `next` of an answer"),
    ({"metadata": {"": "x"}}, "metadata"),
    ({"tenant": "No Tenant"}, "tenant: String should match pattern"),
]


@pytest.mark.parametrize(("body", "problem"), WRONG)
async def test_a_bad_search_is_refused(world: World, body: Any, problem: str) -> None:
    """The error names the field, and repeats no address."""
    answer = await ask(world.apps[0], "/messages/search", body=body)
    assert answer.status == 400
    assert problem in answer.document["error"]
    assert "15550002222" not in answer.document["error"]


async def test_too_large_a_search_is_refused(world: World) -> None:
    """It is not read to its end."""
    answer = await ask(world.apps[0], "/messages/search", body=b" " * 20_000)
    assert (answer.status, answer.document) == (413, {"error": "a search has at most 16 KiB"})


async def test_an_address_is_not_logged(world: World, phone: str) -> None:
    """Neither what is looked for nor what is wrong with it."""
    with structlog.testing.capture_logs() as lines:
        await search(world, phone=phone)
        await search(world, phone=phone, outcome="lost")
    assert phone[1:] not in repr(lines)


async def test_a_get_is_refused(world: World) -> None:
    """A search in a URL would stand in access logs."""
    assert (await ask(world.apps[0], "/messages/search")).status == 405
