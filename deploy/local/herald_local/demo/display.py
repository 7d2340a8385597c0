"""Playing scenarios: commands onto the broker, events from it, the sandbox asked at the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

from herald.client import Client
from herald.contracts.events import HeraldEvent, InboundData
from herald_local.demo.story import Story
from herald_local.stack import Stack
from herald_local.web import call

PATIENCE_SECONDS = 45

# Called with a story and what it was told.
Listener = Callable[[Story, HeraldEvent], None]


async def play(stack: Stack, stories: Sequence[Story], listener: Listener) -> None:
    """Send every story's command and listen until each is over, or patience is."""
    async with Client(stack.servers.amqp_url, name="demo") as herald, herald.events() as events:
        for story in stories:
            await _tell(herald, story)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await _listen(events, stories, listener)
        except TimeoutError:
            return  # the verdict names what is missing


async def _tell(herald: Client, story: Story) -> None:
    command = story.command(datetime.now(UTC))
    for _ in range(story.scenario.copies):
        await herald.send(command)
    if story.scenario.cancelled:
        await herald.cancel(idempotency_key=story.key)


async def _listen(
    events: AsyncIterator[HeraldEvent], stories: Sequence[Story], listener: Listener
) -> None:
    by_key = {story.key: story for story in stories}
    by_phone = {story.phone: story for story in stories}
    async for event in events:
        data = event.data
        if isinstance(data, InboundData):
            story = by_phone.get(data.sender)
        else:
            story = by_key.get(getattr(data, "idempotency_key", None) or "")
        if story is None:
            continue
        story.hear(event)
        listener(story, event)
        if all(other.is_over for other in stories):
            return


def requests_taken(stack: Stack, story: Story) -> list[str]:
    """Ask the sandbox on which channels it took requests for the story's recipient."""
    answer = call("GET", f"{stack.sandbox_url}/_sandbox/requests")
    mine = {story.phone, story.phone.removeprefix("+"), story.email}
    return [
        entry["channel"] for entry in json.loads(answer.body)["requests"] if entry["to"] in mine
    ]
