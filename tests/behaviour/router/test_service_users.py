"""Receipts count only from the broker users of the services whose they are."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aio_pika
import pytest
import pytest_asyncio
from pydantic import BaseModel

from behaviour.router.receipts import receipt, webhook
from behaviour.router.units import lose_one_commit
from behaviour.router.world import CHANNELS, CONFIGURATION, World, running_routers
from broker_users import BrokerUser, broker_user
from herald.contracts.failures import Failure
from herald.contracts.receipts import InboundReceipt, Pulse
from herald.contracts.rights import channel_rights, ingress_rights, router_rights
from herald.contracts.topology import (
    DEAD,
    OUTBOUND,
    RECEIPTS,
    inbound_receipt_key,
    reports_exchange,
)
from herald.contracts.vocabulary import FailureClass, InboundKind, Status
from herald.contracts.work import Work
from router.metrics import REPORTS_REFUSED

Users = dict[str, BrokerUser]
ADDRESSES = {  # exchange and key
    "sms": (reports_exchange("sms"), "attempt.sms.normal"),
    "email": (reports_exchange("email"), "attempt.email.normal"),
    "ingress": (RECEIPTS, "attempt.sms.normal"),
}
DEAD_LETTER = """
    SELECT reason || ':' || coalesce(broker_user, '') FROM router.dead_letters
    WHERE position($1 IN body) > 0
"""
INBOUND = "SELECT tenant FROM router.inbound WHERE reference = $1"


@pytest.fixture(scope="module")
def users(management_url: str, amqp_url: str, vhost: str) -> Iterator[Users]:
    """Give each service a user with exactly its rights."""
    rights = {
        "router": router_rights(),
        "ingress": ingress_rights(),
        "sms": channel_rights("sms"),
        "email": channel_rights("email"),
        "whatsapp": channel_rights("whatsapp"),
    }
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(broker_user(management_url, amqp_url, vhost, mine))
            for name, mine in rights.items()
        }


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def world(
    users: Users,
    amqp_url: str,
    management_url: str,
    postgres_dsn: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[World]:
    """Give a router that runs under its own rights and knows who the other services are."""
    services: dict[str, Any] = {name: [users[name].name] for name in ("router", "ingress")}
    path = tmp_path_factory.mktemp("configuration") / "herald.toml"
    path.write_text(
        "\n".join(
            [
                CONFIGURATION.read_text(),
                "[services]",
                *(f"{name} = {json.dumps(named)}" for name, named in services.items()),
                "[services.channels]",
                *(f'{name} = ["{users[name].name}"]' for name in CHANNELS),
            ]
        )
    )
    async with running_routers(
        amqp_url,
        management_url,
        postgres_dsn,
        path=path,
        router_url=users["router"].url,
        ingress_url=users["ingress"].url,
    ) as running:
        yield running


@asynccontextmanager
async def exchange_of(user: BrokerUser, name: str) -> AsyncIterator[aio_pika.abc.AbstractExchange]:
    async with await aio_pika.connect(user.url) as connection:
        channel = await connection.channel()
        yield await channel.get_exchange(name, ensure=False)


async def publish(
    user: BrokerUser,
    report: BaseModel,
    address: tuple[str, str],
    *,
    named: bool = True,
    **changes: Any,
) -> None:
    """Publish a report as a broker user, who names itself."""
    body = json.dumps(report.model_dump(mode="json") | changes).encode()
    message = aio_pika.Message(
        body, message_id=str(uuid.uuid4()), user_id=user.name if named else None
    )
    async with exchange_of(user, address[0]) as exchange:
        await exchange.publish(message, address[1])


async def sms_work(world: World) -> tuple[str, Work]:
    key = await world.send(route="sms", tenant="other")
    found = await world.until(lambda: next((w for w in world.works if w.channel == "sms"), None))
    world.works.remove(found)
    return key, found


async def test_each_services_own_reports_count(world: World, users: Users) -> None:
    """A worker's acceptance and a webhook's delivery, each from its own user, under its rights."""
    key, work = await sms_work(world)
    await publish(users["sms"], receipt(work, Status.ACCEPTED), ADDRESSES["sms"])
    await publish(users["ingress"], webhook(work, Status.DELIVERED), ADDRESSES["ingress"])
    [event] = await world.heard("delivered", key)
    assert event["outcome"] == "succeeded"
    properties = world.events_of("delivered", key)[0].properties
    assert properties.user_id == users["router"].name


FORGED: list[tuple[str, dict[str, Any]]] = [
    ("ingress", {"status": "accepted"}),
    ("ingress", {"status": "failed", "failure": {"class": "permanent", "code": "x"}}),
    ("ingress", {"source": "webhook", "status": "returned"}),
    ("ingress", {"source": "webhook", "status": "unknown"}),
    ("email", {"status": "accepted"}),
    ("sms", {"source": "webhook", "status": "delivered"}),
]


@pytest.mark.parametrize(("publisher", "said"), FORGED)
async def test_anybody_elses_are_set_aside(
    world: World, users: Users, publisher: str, said: dict[str, Any]
) -> None:
    """A report is kept as a dead letter with its user; the attempt is as before."""
    _, work = await sms_work(world)
    counted = REPORTS_REFUSED.labels(said.get("source", "channel"))._value
    before = counted.get()
    marker = uuid.uuid4().hex
    forged = receipt(work, Status.ACCEPTED)
    await publish(users[publisher], forged, ADDRESSES[publisher], **said, event_key=marker)
    reason = await world.row(DEAD_LETTER, marker.encode())
    assert reason == f"foreign_user:{users[publisher].name}"
    await world.until(lambda: counted.get() == before + 1)
    status = await world.row(
        "SELECT status FROM router.attempts WHERE attempt_id = $1", work.attempt_id
    )
    assert status == "dispatched"


async def test_a_forged_report_counts_once_when_its_batch_is_tried_again(
    world: World, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted with its dead letter, after the commit."""
    _, work = await sms_work(world)
    counted, marker = REPORTS_REFUSED.labels("channel")._value, uuid.uuid4().hex
    before = counted.get()
    query = "SELECT count(*) FROM router.dead_letters WHERE position($1 IN body) > 0"
    lost = lose_one_commit(monkeypatch, query, marker.encode())
    forged = receipt(work, Status.ACCEPTED, event_key=marker)
    await publish(users["email"], forged, ADDRESSES["email"])
    await world.row(DEAD_LETTER, marker.encode())
    assert lost
    await world.until(lambda: counted.get() > before)
    assert counted.get() == before + 1


async def test_who_says_nobody_is_believed_nothing(world: World, users: Users) -> None:
    """A report without `user_id` does not count, though it is the right user's."""
    _, work = await sms_work(world)
    marker = uuid.uuid4().hex
    report = receipt(work, Status.ACCEPTED, event_key=marker)
    await publish(users["sms"], report, ADDRESSES["sms"], named=False)
    assert await world.row(DEAD_LETTER, marker.encode()) == "foreign_user:"


async def test_a_worker_reports_its_own_channels_attempts_only(world: World, users: Users) -> None:
    """It may write its channel's name, and then the attempt is another channel's."""
    _, work = await sms_work(world)
    marker = uuid.uuid4().hex
    report = receipt(work, Status.ACCEPTED, event_key=marker, channel="email")
    await publish(users["email"], report, ADDRESSES["email"])
    reason = await world.row(DEAD_LETTER, marker.encode())
    assert reason == f"foreign_receipt:{users['email'].name}"


def written(marker: str) -> InboundReceipt:
    """Say that a recipient wrote an SMS."""
    return InboundReceipt(
        channel="sms",
        provider="twilio",
        account="twilio-main",
        reference=marker,
        sender="+15550002222",
        content=InboundKind.TEXT,
        received_at=datetime.now(UTC),
    )


@pytest.mark.parametrize("words", ["", "what the provider says"])
async def test_a_dead_letter_names_who_reported_it(world: World, users: Users, words: str) -> None:
    """Of an attempt that nobody made, whatever the failure says: by that user it is replayed."""
    _, work = await sms_work(world)
    nobody = f"{work.message_id}.1.9"
    failure = Failure.of(FailureClass.PERMANENT, "30007", words)
    failed = webhook(work, Status.FAILED, attempt_id=nobody, references=(), failure=failure)
    await publish(users["ingress"], failed, ADDRESSES["ingress"])
    kept = await world.row(DEAD_LETTER, nobody.encode())
    assert kept == f"unknown_attempt:{users['ingress'].name}"


async def test_inbound_messages_of_another_channel_are_not_a_workers_to_report(
    world: World, users: Users
) -> None:
    """A worker of e-mail that says a recipient wrote an SMS is not believed."""
    marker = uuid.uuid4().hex
    await publish(users["email"], written(marker), ADDRESSES["email"])
    reason = await world.row(DEAD_LETTER, marker.encode())
    assert reason == f"foreign_user:{users['email'].name}"


async def test_a_worker_may_report_what_its_own_provider_received(
    world: World, users: Users
) -> None:
    """Some providers bring what recipients write over the connection that sends."""
    marker, key = uuid.uuid4().hex, inbound_receipt_key("sms")
    await publish(users["sms"], written(marker), (reports_exchange("sms"), key))
    assert await world.row(INBOUND, marker) == "default"


@pytest.mark.parametrize("source", ["router", "ingress"])
async def test_a_forged_pulse_is_ignored(world: World, users: Users, source: str) -> None:
    """Whoever could forge one would let silence pass for judged, or hold it."""
    before = REPORTS_REFUSED.labels(source)._value.get()
    instance = uuid.uuid4()
    pulse = Pulse(source=source, instance=instance, sent_at=datetime.now(UTC))
    await publish(users["sms"], pulse, ADDRESSES["sms"])
    await world.until(lambda: REPORTS_REFUSED.labels(source)._value.get() > before)
    known = await world.database.fetchval(
        "SELECT count(*) FROM router.ingresses WHERE ingress = $1", instance
    )
    assert known == 0


async def test_nobody_but_the_router_loses_work(world: World, users: Users) -> None:
    """A dead letter that looks like given-up work is kept, and its attempt goes on."""
    key, work = await sms_work(world)
    marker = uuid.uuid4().hex
    death: Any = {
        "exchange": OUTBOUND,
        "queue": marker,
        "reason": "rejected",
        "routing-keys": ["x"],
    }
    message = aio_pika.Message(
        work.model_dump_json().encode(),
        headers={"x-death": [death]},
        user_id=users["ingress"].name,
    )
    async with exchange_of(users["ingress"], DEAD) as exchange:
        await exchange.publish(message, "ingress.quarantine")
    await world.row("SELECT count(*) FROM router.dead_letters WHERE queue = $1", marker)
    await publish(users["sms"], receipt(work, Status.ACCEPTED), ADDRESSES["sms"])
    await publish(users["ingress"], webhook(work, Status.DELIVERED), ADDRESSES["ingress"])
    [event] = await world.heard("delivered", key)
    assert event["outcome"] == "succeeded"
