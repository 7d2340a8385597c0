"""Commands a second through the router alone, beside a forwarder over the same bus.

What is published is counted where a worker would take it, and given back at the end of a run, for
the worker to carry out. Beside the rate stands the processor time of the process that works.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aio_pika

from bench import processor_time
from bench.lean import ROUTE, LeanProvider
from bench.load import CHUNK, LOOK_SECONDS, PATIENCE_SECONDS, bodies, herald_message, publishing
from bench.medians import spread
from herald.bus.deliveries import Delivery
from herald.bus.entities import existing_queue
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.subscribers import subscribe_batches
from herald.contracts.topology import outbound_queue
from herald.contracts.vocabulary import Lane
from herald_local import processes, services
from herald_local.parent_death import dying_with_parent
from herald_local.progress import report
from herald_local.stack import Stack
from router.consumers import MAX_BATCH

FORWARDER, ROUTER, WORKER = "forwarder", "router", "channel-sms"
_FROM, _TO = "events.bench-from", "events.bench-to"  # of the forwarder
LARGEST = 4096  # bytes of a message: by this many are taken before their sizes are known
_QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}


class Passed(NamedTuple):
    """What one process did in one run."""

    per_second: float
    microseconds: int  # of its processor time, for each message


async def commands(
    stack: Stack, provider: LeanProvider, messages: int, runs: int
) -> dict[str, Any]:
    """Measure both in turn, `runs` times each."""
    forwarded: list[Passed] = []
    routed: list[Passed] = []
    with provider.running(stack):
        async with _running_forwarder(stack):
            for number in range(runs + 1):  # the first warms up
                forwarded.append(await _forwarded(stack, messages))
                routed.append(await _routed(stack, provider, messages))
                words = f"{_as_words(routed[-1])}, forwarder {_as_words(forwarded[-1])}"
                report(f"run {number}: {words}")
    return _result(messages, routed[1:], forwarded[1:])


@asynccontextmanager
async def _running_forwarder(stack: Stack) -> AsyncIterator[None]:
    command = [sys.executable, "-m", "bench.forwarder", stack.servers.amqp_url, _FROM, _TO]
    environment = os.environ | {"PYTHONPATH": "tests"}
    async with await aio_pika.connect(stack.servers.amqp_url) as connection:
        channel = await connection.channel()
        for name in (_FROM, _TO):
            await channel.declare_queue(name, durable=True, arguments=_QUORUM)
        processes.launch(stack.home, FORWARDER, dying_with_parent(command), environment)
        try:
            yield
        finally:
            processes.stop(stack.home, [FORWARDER])
            for name in (_FROM, _TO):
                await channel.queue_delete(name)


async def _forwarded(stack: Stack, number: int) -> Passed:
    given = [
        herald_message(body)._replace(exchange="", routing_key=_FROM) for body in bodies(number)
    ]
    passed = await _passed(stack, FORWARDER, given, _TO)
    async with await aio_pika.connect(stack.servers.amqp_url) as connection:
        await (await (await connection.channel()).get_queue(_TO)).purge()
    return passed


async def _routed(stack: Stack, provider: LeanProvider, number: int) -> Passed:
    """Measure the router without the worker, which then takes what the router published."""
    given = [herald_message(body) for body in bodies(number, route=ROUTE)]
    taken = provider.taken()
    services.stop(stack, [WORKER])
    try:
        return await _passed(stack, ROUTER, given, outbound_queue("sms", Lane.NORMAL))
    finally:
        services.start(stack, [WORKER], die_with_parent=True)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while provider.taken() < taken + number:  # noqa: ASYNC110  seen from outside
                await asyncio.sleep(LOOK_SECONDS)


async def _passed(
    stack: Stack, process: str, messages: Sequence[OutgoingMessage], target: str
) -> Passed:
    """Publish messages; return what it took until as many arrived at the target."""
    arrived, all_arrived = 0, asyncio.Event()

    async def count(deliveries: Sequence[Delivery]) -> None:
        nonlocal arrived
        arrived += len(deliveries)  # they are never settled
        if arrived >= len(messages):
            all_arrived.set()

    async with publishing(stack) as connections:
        subscriber = subscribe_batches(
            connections.consuming,
            existing_queue(target),
            count,
            prefetch=len(messages),
            largest=LARGEST,
            max_batch=MAX_BATCH,
            settle="single",
            payload_models=(),
            title=target,
            description="What is counted.",
        )
        await subscriber.start()
        used = processor_time.seconds_by_process(stack)
        started = time.perf_counter()
        for start in range(0, len(messages), CHUNK):
            problems = await connections.publisher.publish_many(messages[start : start + CHUNK], 30)
            if any(problems):
                raise RuntimeError(f"commands refused: {next(filter(None, problems))}")
        async with asyncio.timeout(PATIENCE_SECONDS):
            await all_arrived.wait()
        seconds = time.perf_counter() - started
        after = processor_time.seconds_by_process(stack)
    each = processor_time.per_message(used, after, len(messages))
    return Passed(len(messages) / seconds, each[process])


def _result(messages: int, routed: list[Passed], forwarded: list[Passed]) -> dict[str, Any]:
    rate, floor = (spread([run.per_second for run in runs]) for runs in (routed, forwarded))
    return {
        "messages": messages,
        "runs": len(routed),
        "router_per_second": rate,
        "forwarder_per_second": floor,
        "ratio": round(rate["median"] / floor["median"], 3),
        "router_microseconds": spread([float(run.microseconds) for run in routed]),
        "forwarder_microseconds": spread([float(run.microseconds) for run in forwarded]),
    }


def _as_words(run: Passed) -> str:
    return f"{run.per_second:.0f}/s at {run.microseconds} µs each"
