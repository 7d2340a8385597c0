"""Operators replay dead letters once what was wrong is mended, or drop them."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aio_pika
import pytest
import pytest_asyncio

from behaviour.router.commanding import commander
from behaviour.router.receipts import receipt
from behaviour.router.refused import (
    CLOSED,
    FORGED,
    GOOD,
    OPERATOR,
    OWN,
    REPEATED,
    STILL_BAD,
    Before,
    refused_before,
)
from behaviour.router.world import command
from broker_users import broker_user
from herald.bus.receipt_messages import receipt_body
from herald.contracts.identifiers import body_id
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.rights import operator_rights
from herald.contracts.topology import DEAD, OUTBOUND, RECEIPTS, receipts_queue
from herald.contracts.vocabulary import Lane, Status

REPLAY, DROP = "dead_letter.replay", "dead_letter.drop"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def before(
    amqp_url: str, management_url: str, postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Before]:
    """Run a router for which what another one refused is right."""
    folder = tmp_path_factory.mktemp("later")
    async with refused_before(amqp_url, management_url, postgres_dsn, folder) as running:
        yield running


async def test_a_refused_command_is_replayed_once_its_route_is_there(before: Before) -> None:
    """It is accepted as it was, under its own key, and delivered; its dead letter is marked."""
    dead_letter = await before.dead_letter(GOOD)
    answer = await before.ask({"id": dead_letter})
    assert (answer.what, answer.data["dead_letter"]) == ("accepted", dead_letter)
    accepted = await before.world.heard("accepted", "good", 2)
    assert {data["command"] for data in accepted} == {"message.send", REPLAY}
    work = await before.world.work("sms", "good")
    await before.world.report(receipt(work, Status.DELIVERED))
    [delivered] = await before.world.heard("delivered", "good")
    assert delivered["message_id"] == answer.data["message_id"]
    row = await before.row(dead_letter)
    assert (row["replayed_by"], row["replay_result"]) == (OPERATOR, "handled")
    notes = await before.world.database.fetch(
        "SELECT note FROM router.history WHERE message_id = $1 AND fact LIKE 'replay:%'",
        answer.data["message_id"],
    )
    assert [note["note"] for note in notes] == [
        f"its command was replayed by {OPERATOR}: it was a dead letter"
    ]


async def test_what_is_still_wrong_stays(before: Before) -> None:
    """The answer says what is wrong now; the dead letter is there still, and says so too."""
    dead_letter = await before.dead_letter(STILL_BAD)
    answer = await before.ask({"id": dead_letter})
    assert (answer.what, answer.data["field"]) == ("rejected", "id")
    assert answer.data["reason"].startswith("refused: route: no such route")
    assert (await before.row(dead_letter))["replay_result"] == answer.data["reason"]


async def test_a_dead_letter_is_replayed_twice_only_when_asked(before: Before) -> None:
    """The second time is refused, naming the first; `again` handles it again: a duplicate."""
    dead_letter = await before.dead_letter(REPEATED)
    assert (await before.ask({"id": dead_letter})).what == "accepted"
    answer = await before.ask({"id": dead_letter})
    assert answer.what == "rejected"
    assert f"by {OPERATOR} (handled)" in answer.data["reason"]
    assert (await before.ask({"id": dead_letter, "again": True})).what == "accepted"
    count = "SELECT count(*) FROM router.messages WHERE idempotency_key = 'repeated'"
    assert await before.world.database.fetchval(count) == 1


async def test_a_redelivered_replay_is_no_second_one(before: Before) -> None:
    """The same command is answered as before, under the same event id."""
    dead_letter = await before.dead_letter(STILL_BAD)
    cause = str(uuid.uuid4())
    first = await before.ask({"id": dead_letter, "again": True}, message_id=cause)
    again = await before.ask({"id": dead_letter}, message_id=cause)
    assert first.data["reason"] == again.data["reason"]
    assert first.event["id"] == again.event["id"]


async def test_a_replay_keeps_whose_command_it_was(before: Before) -> None:
    """The tenant's own user's is accepted; the history has that user, not the operator."""
    answer = await before.ask({"id": await before.dead_letter(CLOSED)})
    assert answer.key == "command.accepted.closed"
    user = await before.world.row(
        "SELECT element ->> 'user' FROM router.history"
        " WHERE message_id = $1 AND fact LIKE 'command:%'",
        answer.data["message_id"],
    )
    assert user == OWN


async def test_a_replay_lends_nobody_the_operators_rights(before: Before) -> None:
    """What another user published for the closed tenant is refused still."""
    answer = await before.ask({"id": await before.dead_letter(FORGED)})
    assert answer.key == "command.rejected.unknown"
    assert answer.data["reason"].startswith("refused: tenant: ")


async def test_a_reply_is_published_once_its_account_is_configured(before: Before) -> None:
    """What a recipient wrote to an account that nobody knew becomes its event."""
    dead_letter = await before.dead_letter(b"a-reply")
    assert (await before.ask({"id": dead_letter})).what == "accepted"
    [event] = [h for h in before.world.events if h.key.startswith("inbound.")]
    assert event.data["provider_message_id"] == "a-reply"


async def test_news_is_published_once_its_account_is_configured(before: Before) -> None:
    """What a provider said of an account that nobody knew becomes its event."""
    dead_letter = await before.dead_letter(b"some-news")
    assert (await before.ask({"id": dead_letter})).what == "accepted"
    [event] = [h for h in before.world.events if h.key.startswith("account.updated.")]
    assert (event.data["account"], event.data["reason"]) == ("removed", "some-news")


@pytest.mark.parametrize("others", [0, 1])
async def test_receipts_that_are_refused_again(before: Before, others: int) -> None:
    """The operator hears so, whether a message brought one of them or several."""
    receipts = [of_nobody() for _ in range(others + 1)]
    bodies = [receipt_body(one) for one in receipts]
    body = b"[" + b",".join(bodies) + b"]" if others else bodies[0]
    message_id = body_id(body) if others else receipts[0].receipt_id
    dead_letter = await given_up(before, body, message_id)
    answer = await before.ask({"id": dead_letter})
    assert answer.what == "rejected"
    assert (await before.row(dead_letter))["replay_result"] == "refused: unknown_message"


async def test_a_part_that_nobody_can_read_is_refused_again(before: Before) -> None:
    """It is a dead letter by itself; those that came with it are applied."""
    marker = uuid.uuid4().hex
    dead_letter = await given_up(before, f'[{{"marker": "{marker}"}}]'.encode(), marker)
    answer = await before.ask({"id": dead_letter})
    assert answer.what == "rejected"


def of_nobody() -> AttemptReceipt:
    """Make a receipt of a message that nobody knows."""
    return AttemptReceipt(
        source="channel",
        channel="sms",
        provider="twilio",
        account="twilio-main",
        attempt_id=f"{uuid.uuid4()}.1.1",
        status=Status.SENT,
        event_key="dispatch:1",
        received_at=datetime.now(UTC),
    )


async def given_up(before: Before, body: bytes, message_id: str) -> str:
    """Give a message of receipts up as an earlier router does; return its dead letter's id."""
    death: Any = {
        "queue": receipts_queue(Lane.NORMAL),
        "reason": "rejected",
        "exchange": RECEIPTS,
        "routing-keys": ["attempt.sms.normal"],
    }
    exchange = await before.world.channel.get_exchange(DEAD, ensure=False)
    message = aio_pika.Message(body, message_id=message_id, headers={"x-death": [death]})
    await exchange.publish(message, receipts_queue(Lane.NORMAL))
    return await before.dead_letter(body)


async def test_a_dead_letter_whose_queue_has_no_handler(before: Before) -> None:
    """Work and what ingress did not understand are not replayed, and the answer says why."""
    exchange = await before.world.channel.get_exchange(DEAD, ensure=False)
    death: dict[str, Any] = {
        "queue": "outbound.sms.normal",
        "reason": "rejected",
        "exchange": OUTBOUND,
    }
    dead: list[tuple[str, dict[str, Any], str]] = [
        ("outbound.sms.normal", {"x-death": [death | {"routing-keys": ["sms.normal"]}]}, "work"),
        ("ingress.quarantine", {"reason": "no_status"}, "webhook"),
    ]
    for key, headers, said in dead:
        marker = uuid.uuid4().hex.encode()
        message = aio_pika.Message(marker, message_id=str(uuid.uuid4()), headers=headers)
        await exchange.publish(message, key)
        answer = await before.ask({"id": await before.dead_letter(marker)})
        assert (answer.what, answer.data["field"]) == ("rejected", "id")
        assert said in answer.data["reason"]


async def test_an_operators_command_is_not_replayed(before: Before) -> None:
    """No dead letter can lead to itself."""
    body = {"id": f"no-such-dead-letter-{uuid.uuid4()}", "colour": "red"}
    assert (await before.ask(body)).what == "rejected"
    answer = await before.ask({"id": await before.dead_letter(body)})
    assert "operator's command" in answer.data["reason"]


async def test_a_dead_letter_is_dropped_and_the_audit_keeps_that(before: Before) -> None:
    """Its content is gone; a repeated drop is a duplicate."""
    body = command(route="nowhere", idempotency_key=str(uuid.uuid4()))
    assert (await before.world.ask(body)).what == "rejected"
    dead_letter = await before.dead_letter(body)
    assert (await before.ask({"id": dead_letter}, DROP)).what == "accepted"
    assert (await before.ask({"id": dead_letter}, DROP)).what == "duplicate"
    query = "SELECT count(*) FROM router.dead_letters WHERE id = $1"
    assert await before.world.database.fetchval(query, dead_letter) == 0
    [row, _] = await before.world.database.fetch(
        "SELECT broker_user, tenant, detail FROM router.audit"
        " WHERE subject = $1 AND act = $2 ORDER BY id",
        dead_letter,
        DROP,
    )
    assert (row["broker_user"], row["tenant"]) == (OPERATOR, "default")
    detail = json.loads(row["detail"])
    assert detail["answer"] == "accepted"
    assert detail["died_of"].startswith("route: no such route")


@pytest.mark.parametrize("key", [REPLAY, DROP])
async def test_an_unknown_dead_letter(before: Before, key: str) -> None:
    """Is refused by the field that names it."""
    answer = await before.ask({"id": f"nothing-{key}"}, key)
    assert (answer.what, answer.data["field"]) == ("rejected", "id")
    assert answer.data["reason"] == "no such dead letter"


@pytest.mark.parametrize("key", [REPLAY, DROP])
async def test_nobody_else_may(before: Before, key: str) -> None:
    """Another user is refused, and the dead letter stays as it is."""
    dead_letter = await before.dead_letter(FORGED)
    rabbit = before.world.rabbit
    rights = replace(operator_rights(), topics=())
    with broker_user(rabbit.management_url, rabbit.amqp_url, rabbit.vhost, rights) as user:
        async with commander(user) as other_user:
            answer = await other_user.ask(before.world, {"id": dead_letter}, key)
    assert (answer.what, answer.data["field"]) == ("rejected", "user")
    assert await before.dead_letter(FORGED) == dead_letter
