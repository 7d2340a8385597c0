"""Playing scenarios: commands onto the broker, events from it, the sandbox asked at the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractQueue

from herald.topology import CANCEL_KEY, COMMANDS, EVENTS, SEND_KEYS
from herald.vocabulary import Lane
from herald_local.demo.story import Story
from herald_local.stack import Stack
from herald_local.web import call

PATIENCE_SECONDS = 45
WATCHED = ("message.#", "command.#", "inbound.#")

# Called with a story, what happened, and the event's data.
Listener = Callable[[Story, str, dict[str, Any]], None]


async def play(stack: Stack, stories: Sequence[Story], listener: Listener) -> None:
    """Publish every story's command and listen until each is over, or patience is."""
    connection = await aio_pika.connect(stack.servers.amqp_url)
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        queue = await channel.declare_queue(exclusive=True)
        for key in WATCHED:
            await queue.bind(EVENTS, key)
        commands = await channel.get_exchange(COMMANDS, ensure=False)
        listening = asyncio.create_task(_listen(queue, stories, listener))
        for story in stories:
            await _publish(commands, story)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await listening
        except TimeoutError:
            return  # the verdict names what is missing


async def _publish(commands: AbstractExchange, story: Story) -> None:
    body = json.dumps(story.command(datetime.now(UTC))).encode()
    for _ in range(story.scenario.copies):
        await commands.publish(_message(body), SEND_KEYS[Lane.NORMAL])
    if story.scenario.cancelled:
        await asyncio.sleep(0.5)  # a cancel that overtakes its send finds nothing to cancel
        cancel = json.dumps({"idempotency_key": story.key}).encode()
        await commands.publish(_message(cancel), CANCEL_KEY)


def _message(body: bytes) -> aio_pika.Message:
    return aio_pika.Message(
        body,
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=str(uuid4()),  # names the command; the same key with another id is a duplicate
    )


async def _listen(queue: AbstractQueue, stories: Sequence[Story], listener: Listener) -> None:
    by_key = {story.key: story for story in stories}
    by_phone = {story.phone: story for story in stories}
    async with queue.iterator() as messages:
        async for message in messages:
            async with message.process():
                event = json.loads(message.body)
            what, data = event["type"].split(".")[2], event["data"]
            story = by_key.get(data.get("idempotency_key") or "")
            if event["type"].startswith("herald.inbound."):
                story = by_phone.get(data["sender"])
                if story is not None:
                    story.answered = True
            elif story is not None:
                story.hear(what, data)
            if story is not None:
                listener(story, what, data)
            if all(other.is_over for other in stories):
                return


def requests_taken(stack: Stack, story: Story) -> list[str]:
    """Ask the sandbox on which channels it took requests for the story's recipient."""
    answer = call("GET", f"{stack.sandbox_url}/_sandbox/requests")
    mine = {story.phone, story.phone.removeprefix("+"), story.email}
    return [
        entry["channel"] for entry in json.loads(answer.body)["requests"] if entry["to"] in mine
    ]
