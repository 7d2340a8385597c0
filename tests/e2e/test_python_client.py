"""The Python client against a running Herald: answers, waiting, events, and lost connections."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from yarl import URL

from behaviour.bus.link import linked
from e2e.client import TOMORROW, send
from herald.bus.connection_keeper import CLOSE_SECONDS
from herald.client import (
    Client,
    ConnectionFailedError,
    NoAnswerError,
    PublishFailedError,
    RejectedError,
    TopologyMissingError,
)
from herald.contracts.commands import SendMessage
from herald.contracts.events import CommandData, InboundData, MessageData
from herald.contracts.vocabulary import CommandAnswer, Lane, MessageStatus, Outcome
from herald_local.stack import Stack

PATIENCE = 30


async def test_send_returns_the_answer(stack: Stack) -> None:
    """A mapping or a model is sent; the answer names the message and the channels to try."""
    async with Client(stack.amqp_url) as herald:
        body = send()
        answer = await herald.send(body)
        again = await herald.send(SendMessage.model_validate(body), lane=Lane.URGENT)
    assert answer.answer is CommandAnswer.ACCEPTED
    assert (answer.idempotency_key, answer.channels[0]) == (body["idempotency_key"], "whatsapp")
    assert (again.answer, again.message_id) == (CommandAnswer.DUPLICATE, answer.message_id)


async def test_wait_sees_the_delivery_and_the_outcome(stack: Stack) -> None:
    """Waiting ends when the message got that far, also for who asks after it happened."""
    async with Client(stack.amqp_url) as herald:
        answer = await herald.send(send("0002"))
        progress = await herald.wait(answer.message_id, "delivered", timeout_seconds=PATIENCE)
        assert progress.event is not None
        assert progress.event.channel == "sms"
        ended = await herald.wait(answer.message_id, timeout_seconds=1)
    assert (ended.status, ended.outcome) == (MessageStatus.DELIVERED, Outcome.SUCCEEDED)


async def test_wait_ends_with_a_failure(stack: Stack) -> None:
    """Nobody waits for the delivery of a message that has failed."""
    async with Client(stack.amqp_url) as herald:
        answer = await herald.send(send("0026"))
        progress = await herald.wait(answer.message_id, "delivered", timeout_seconds=PATIENCE)
    assert progress.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rout": "sms"}, "rout"),
        ({"to": {"phone": "12"}}, "to.phone"),
        ({"route": "no-such-route"}, "route"),
        ({"tenant": "somebody-else"}, "tenant"),
    ],
)
async def test_a_bad_command_names_its_field(
    stack: Stack, changes: dict[str, Any], field: str
) -> None:
    """What the client or the router refuses is one error with the invalid field."""
    async with Client(stack.amqp_url) as herald:
        with pytest.raises(RejectedError) as caught:
            await herald.send(send(**changes))
    assert caught.value.field == field


async def test_a_tenant_nobody_configured_is_reported(stack: Stack) -> None:
    """The refusal of an unknown tenant reaches its client too."""
    async with Client(stack.amqp_url, tenant="nobody") as herald:
        with pytest.raises(RejectedError) as caught:
            await herald.send(send())
    assert caught.value.field == "tenant"


async def test_cancel_takes_a_scheduled_message_back(stack: Stack) -> None:
    """A message that has not started is cancelled; one that was delivered can't be."""
    async with Client(stack.amqp_url) as herald:
        answer = await herald.send(send(send_at=TOMORROW))
        taken = await herald.cancel(id=answer.message_id)
        progress = await herald.wait(answer.message_id, timeout_seconds=PATIENCE)
        sent = await herald.send(send("0001"))
        await herald.wait(sent.message_id, timeout_seconds=PATIENCE)
        late = await herald.cancel(idempotency_key=sent.idempotency_key)
        with pytest.raises(RejectedError):
            await herald.cancel(id=str(uuid4()))
    assert taken.answer is CommandAnswer.ACCEPTED
    assert progress.outcome is Outcome.CANCELLED
    assert late.answer is CommandAnswer.TOO_LATE


async def test_events_come_typed(stack: Stack) -> None:
    """Iteration gives answers, messages' events and recipients' messages as their models."""
    body, seen = send("0020"), set()
    async with Client(stack.amqp_url) as herald, herald.events() as events:
        await herald.send(body)
        async with asyncio.timeout(PATIENCE):
            async for event in events:
                seen.add(type(event.data))
                if isinstance(event.data, InboundData) and event.data.sender == body["to"]["phone"]:
                    break
    assert seen >= {CommandData, MessageData, InboundData}


async def test_events_of_a_queue_are_kept_while_nobody_listens(stack: Stack) -> None:
    """A named queue gives what came before the iteration, and again what was not finished."""
    name = f"events.{uuid4().hex}"
    async with await aio_pika.connect(stack.amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(name, durable=True)
        await queue.bind("herald.events", "command.accepted.default")
        async with Client(stack.amqp_url) as herald:
            ids = [(await herald.send(send())).message_id for _ in range(2)]
            async with herald.events(queue=name) as events:
                assert (await anext(events)).subject == ids[0]  # it is not finished
            async with herald.events(queue=name) as events:
                again = [(await anext(events)).subject for _ in ids]
        await queue.delete(if_unused=False, if_empty=False)
    assert sorted(again) == sorted(ids)


async def test_a_lost_connection_loses_no_answer(stack: Stack) -> None:
    """Cut off in mid-command, the client comes back and the same command gets its answer."""
    async with linked(stack.amqp_url) as (link, url), Client(url) as herald:
        first = await herald.send(send(send_at=TOMORROW))
        waiting = asyncio.create_task(herald.wait(first.message_id, timeout_seconds=PATIENCE))
        link.cut()
        sending = asyncio.create_task(herald.send(send(), timeout_seconds=PATIENCE))
        async with Client(stack.amqp_url) as other:  # it ends meanwhile
            await other.cancel(id=first.message_id)
        await asyncio.sleep(1)
        link.mend()
        assert (await sending).answer is CommandAnswer.ACCEPTED
        assert (await waiting).outcome is Outcome.CANCELLED


async def test_what_is_wrong_with_the_broker_is_said(stack: Stack) -> None:
    """Unreachable, a wrong password, a missing host and a missing topology each say so."""
    url = URL(stack.amqp_url)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for wrong, said in (
        (url.with_port(port), "is it running?"),
        (url.with_password("wrong"), "user or its password"),
        (url.with_path("/nowhere"), "no such virtual host"),
    ):
        with pytest.raises(ConnectionFailedError, match=said) as caught:
            async with Client(str(wrong)):
                pass
        assert str(wrong.password) not in str(caught.value)


async def test_a_broker_without_a_topology_is_said(amqp_url: str) -> None:
    """Where Herald was never set up, the error names the command that does it."""
    async with Client(amqp_url) as herald:
        for ask in (herald.send(send()), herald.publish(send())):
            with pytest.raises(TopologyMissingError, match="herald topology apply"):
                await ask


async def test_no_answer_in_time_is_said(stack: Stack) -> None:
    """A command that is confirmed and not answered, and one that is not confirmed, differ."""
    async with linked(stack.amqp_url) as (link, url), Client(url) as herald:
        answer = await herald.send(send(send_at=TOMORROW))
        with pytest.raises(NoAnswerError, match="not outcome within"):
            await herald.wait(answer.message_id, timeout_seconds=0.2)
        link.hold()
        with pytest.raises(PublishFailedError, match="same idempotency key"):
            await herald.publish(send(), timeout_seconds=0.5)
        link.release()


async def test_what_was_not_confirmed_is_not_called_kept(stack: Stack) -> None:
    """A command in doubt is to be sent again; only one that is confirmed will be answered."""
    async with linked(stack.amqp_url) as (link, url), Client(url) as herald:
        link.hold()
        with pytest.raises(PublishFailedError, match="same idempotency key"):
            await herald.send(send(), timeout_seconds=0.5)  # the first: it can't subscribe either
        link.release()
        assert (await herald.send(send())).answer is CommandAnswer.ACCEPTED
        link.hold()
        with pytest.raises(PublishFailedError, match="same idempotency key"):
            await herald.send(send(), timeout_seconds=0.5)
        link.release()


async def test_the_first_wait_ends_in_time(stack: Stack) -> None:
    """A wait that can't even subscribe ends at its time limit, and works later."""
    async with linked(stack.amqp_url) as (link, url), Client(url) as herald:
        link.hold()
        with pytest.raises(NoAnswerError, match="not outcome within"):
            await asyncio.wait_for(herald.wait(str(uuid4()), timeout_seconds=0.3), PATIENCE)
        link.release()
        answer = await herald.send(send())
        assert (await herald.wait(answer.message_id, timeout_seconds=PATIENCE)).outcome


async def test_leaving_does_not_wait_for_a_broker_that_says_nothing(stack: Stack) -> None:
    """A client whose broker is stuck, as in an alarm, closes within seconds and says nothing."""
    async with linked(stack.amqp_url) as (link, url):
        async with asyncio.timeout(PATIENCE), Client(url) as herald, herald.events() as events:
            answer = await herald.send(send())
            assert (await anext(events)).subject == answer.message_id
            link.hold()
            left = time.monotonic()
        assert (
            time.monotonic() - left < 3 * CLOSE_SECONDS + 2
        )  # the stream, the answers, the connection
        link.release()
