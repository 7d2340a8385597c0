"""Plays scenarios: sends their commands, follows their events, reads the sandbox's requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from herald.client import Client
from herald.contracts.events import HeraldEvent, InboundData
from herald_local.demo.scenario_run import ScenarioRun, Taken
from herald_local.stack import Stack
from herald_local.web import call

PATIENCE_SECONDS = 45

# Called with each event of a run.
Listener = Callable[[ScenarioRun, HeraldEvent], None]


async def play(stack: Stack, runs: Sequence[ScenarioRun], listener: Listener) -> None:
    """Send every run's command and follow the events until each is over, or PATIENCE_SECONDS."""
    async with Client(stack.amqp_url, name="demo") as herald, herald.events() as events:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await _stop(stack, events, runs)
                for run in runs:
                    await _send(herald, run)
                await _follow(events, runs, listener)
        except TimeoutError:
            return  # the summary names what is missing


async def _stop(
    stack: Stack, events: AsyncIterator[HeraldEvent], runs: Sequence[ScenarioRun]
) -> None:
    """Have recipients write STOP, and wait until Herald has read it."""
    waiting = {run.phone: run.scenario.stops_first for run in runs if run.scenario.stops_first}
    for phone, channel in waiting.items():
        body = {"channel": channel, "sender": phone, "text": "STOP"}
        call("POST", f"{stack.sandbox_url}/_sandbox/inbound", json.dumps(body).encode())
    while waiting:
        data = (await anext(events)).data
        if isinstance(data, InboundData):
            waiting.pop(data.sender, None)


async def _send(herald: Client, run: ScenarioRun) -> None:
    command = run.command(datetime.now(UTC))
    if run.scenario.explained:
        await herald.explain(command)
    for _ in range(run.scenario.copies):
        await herald.send(command)
    if run.scenario.cancelled:
        await herald.cancel(idempotency_key=run.key)


async def _follow(
    events: AsyncIterator[HeraldEvent], runs: Sequence[ScenarioRun], listener: Listener
) -> None:
    by_key = {run.key: run for run in runs}
    by_phone = {address: run for run in runs for address in (run.phone, run.chat)}
    async for event in events:
        data = event.data
        if isinstance(data, InboundData):
            run = by_phone.get(data.sender)
        else:
            run = by_key.get(getattr(data, "idempotency_key", None) or "")
        if run is None:
            continue
        run.record(event)
        listener(run, event)
        if all(other.is_over for other in runs):
            return


@contextmanager
def limited(
    stack: Stack, runs: Sequence[ScenarioRun]
) -> Iterator[Callable[[], list[tuple[str, dict[str, Any]]]]]:
    """Have the sandbox keep to the scenarios' limits; give what shows each with its counts."""
    url = f"{stack.sandbox_url}/_sandbox/limits"
    names = {s.limit["provider"]: s.name for run in runs if (s := run.scenario).limit is not None}
    for scenario in {run.scenario.name: run.scenario for run in runs}.values():
        if scenario.limit is not None:
            call("POST", url, json.dumps(scenario.limit).encode())

    def shown() -> list[tuple[str, dict[str, Any]]]:
        limits = json.loads(call("GET", url).body)["limits"]
        return [(names[limit["provider"]], limit) for limit in limits]

    try:
        yield shown
    finally:
        call("DELETE", url)


def requests_taken(stack: Stack, run: ScenarioRun) -> list[Taken]:
    """Return the requests for the run's recipient that the sandbox accepted."""
    response = call("GET", f"{stack.sandbox_url}/_sandbox/requests")
    mine = {run.phone, run.chat, run.email}
    return [
        Taken(entry["channel"], entry["peer"])
        for entry in json.loads(response.body)["requests"]
        if entry["to"] in mine
    ]
