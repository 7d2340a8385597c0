"""Each service's broker user, as it is made: what is not its business ends its channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aiormq.exceptions import ChannelAccessRefused

from behaviour.rights.made_users import Deployment, deployment
from herald.contracts.topology import (
    COMMANDS,
    CONTROL_QUEUE,
    DEAD,
    DEAD_QUEUE,
    EARLIER_RECEIPTS,
    EVENTS,
    OUTBOUND,
    QUARANTINE_KEY,
    RECEIPTS,
    outbound_queue,
    receipts_queue,
    reports_exchange,
)
from herald.contracts.vocabulary import Lane

Attempt = Callable[[AbstractChannel], Awaitable[object]]
SMS_WORK = outbound_queue("sms", Lane.NORMAL)


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, amqp_url: str, management_url: str
) -> Iterator[Deployment]:
    """Give a deployment whose topology its own user has applied."""
    folder = tmp_path_factory.mktemp("rights")
    with deployment(folder, amqp_url, management_url) as given:
        assert given.apply().exit_code == 0
        only = {"HERALD_AMQP_URL": given.url("topology"), "HERALD_RABBITMQ_MANAGEMENT_URL": ""}
        assert given.herald("topology", "apply", **only).exit_code == 0
        yield given


@asynccontextmanager
async def channel_of(made: Deployment, role: str) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(made.url(role)) as connection:
        yield await connection.channel()


def publishes(exchange: str, key: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        target = await channel.get_exchange(exchange, ensure=False)
        await target.publish(aio_pika.Message(b"{}"), key, mandatory=False)

    return attempt


async def _take(message: AbstractIncomingMessage) -> None:
    await message.ack()


def consumes(queue: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).consume(_take)

    return attempt


def declares(queue: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await channel.declare_queue(queue, durable=True)

    return attempt


def deletes(queue: str) -> Attempt:
    async def attempt(channel: AbstractChannel) -> None:
        await channel.queue_delete(queue)

    return attempt


async def _binds_commands(channel: AbstractChannel) -> None:
    queue = await channel.declare_queue("events.shop.mine", exclusive=True)
    await queue.bind(COMMANDS, "#")


ALLOWED: dict[str, Attempt] = {
    "router": publishes(OUTBOUND, "sms.normal"),
    "sms": consumes(SMS_WORK),
    "email": publishes(reports_exchange("email"), "attempt.email.normal"),
    "whatsapp": publishes(reports_exchange("whatsapp"), "inbound.whatsapp.normal"),
    "ingress": publishes(DEAD, QUARANTINE_KEY),
    "operator": publishes(COMMANDS, "dead_letter.drop"),
    "shop": publishes(COMMANDS, "message.send"),
    "topology": declares("herald.more"),
}
REFUSED: dict[str, dict[str, Attempt]] = {
    "router": {
        "a command": publishes(COMMANDS, "message.send"),
        "a channel's work": consumes(SMS_WORK),
        "a dead letter of others": publishes(DEAD, QUARANTINE_KEY),
        "a queue": declares("router.more"),
        "a queue's end": deletes(CONTROL_QUEUE),
    },
    "sms": {
        "work": publishes(OUTBOUND, "sms.normal"),
        "an event": publishes(EVENTS, "message.delivered.default"),
        "another channel's work": consumes(outbound_queue("email", Lane.NORMAL)),
        "another channel's report": publishes(reports_exchange("email"), "attempt.email.normal"),
        "another channel's report by the earlier exchange": publishes(
            EARLIER_RECEIPTS, "attempt.email.normal"
        ),
        "a pulse": publishes(RECEIPTS, "pulse.normal"),
        "receipts": consumes(receipts_queue(Lane.NORMAL)),
        "a queue": declares("outbound.sms.more"),
    },
    "email": {
        "another channel's report": publishes(reports_exchange("sms"), "attempt.sms.normal"),
        "another channel's work": consumes(SMS_WORK),
    },
    "whatsapp": {
        "another channel's message": publishes(reports_exchange("sms"), "inbound.sms.normal"),
        "another channel's work": consumes(SMS_WORK),
    },
    "ingress": {
        "a worker's report": publishes(reports_exchange("sms"), "attempt.sms.normal"),
        "another queue's dead letter": publishes(DEAD, SMS_WORK),
        "work": publishes(OUTBOUND, "sms.normal"),
        "an event": publishes(EVENTS, "message.delivered.default"),
        "a command": publishes(COMMANDS, "message.send"),
        "dead letters": consumes(DEAD_QUEUE),
    },
    "operator": {
        "a receipt": publishes(RECEIPTS, "attempt.sms.normal"),
        "work": publishes(OUTBOUND, "sms.normal"),
        "commands": consumes(CONTROL_QUEUE),
        "a queue of ours": declares("router.more"),
    },
    "shop": {
        "an operator's command": publishes(COMMANDS, "dead_letter.drop"),
        "a receipt": publishes(RECEIPTS, "attempt.sms.normal"),
        "others' commands": _binds_commands,
        "a queue of ours": declares("router.more"),
        "another tenant's queue": declares("events.default.mine"),
    },
    "topology": {
        "a user's queue": declares("events.shop.mine"),
        "another's queue": consumes("events.shop.orders"),
    },
}
CASES = [(role, what) for role, attempts in REFUSED.items() for what in attempts]


@pytest.mark.parametrize("role", ALLOWED)
async def test_what_is_its_own_is_allowed(made: Deployment, role: str) -> None:
    """Else a refusal below would show nothing."""
    async with channel_of(made, role) as channel:
        await ALLOWED[role](channel)


@pytest.mark.parametrize(("role", "what"), CASES)
async def test_the_broker_refuses_the_rest(made: Deployment, role: str, what: str) -> None:
    """What others do is not done by a service that was broken into."""
    async with channel_of(made, role) as channel:
        with pytest.raises(ChannelAccessRefused):
            await REFUSED[role][what](channel)
