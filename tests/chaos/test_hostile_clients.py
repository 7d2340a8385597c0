"""Ingress among hostile clients: what they hold costs the others nothing, and is freed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from behaviour.bus.rabbit import Rabbit
from chaos.size import SHORT, SIZE
from herald.bus.declaration import apply
from herald.bus.deliveries import Delivery
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.topology import receipts_queue, topology_for
from herald.contracts.vocabulary import Lane
from hostile_clients.honest import Waits, honest_calls, references, statuses
from hostile_clients.process import IngressProcess, attacked, ingress_process
from router.parsing.receipts import read_receipts

IS_FULL = SIZE is not SHORT
SECONDS = 10 if IS_FULL else 2  # of honest calls beside each attack
# a short run is one of many on a busy machine, and the slowest of a hundred calls says how busy:
# it shows that nobody waits for a hostile client, who is given ten seconds and more
LONGEST_P99_MILLISECONDS = 250 if IS_FULL else 4_000
MOST_MEGABYTES = 200
RELEASED_SECONDS = 35
BUSY_LOOPS = 2 if IS_FULL else 0
LARGE_CALLS = 10 if IS_FULL else 1
LARGE_BODY_BYTES = 3_000_000  # Meta: payloads up to 3 MB
LARGE_CALL_SECONDS = 5.0

Report = Callable[[str], None]


@pytest_asyncio.fixture(name="ingress")
async def _ingress(
    amqp_url: str, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[IngressProcess]:
    await apply(amqp_url, topology_for(("email", "sms", "whatsapp")))
    ports = (unused_tcp_port_factory(), unused_tcp_port_factory())
    async with ingress_process(amqp_url, tmp_path, ports) as running:
        yield running


@pytest.fixture(name="report")
def _report(capfd: pytest.CaptureFixture[str]) -> Report:
    def say(line: str) -> None:
        with capfd.disabled():
            sys.stderr.write(f"\n{line}\n")

    return say


def _check(ingress: IngressProcess, waits: Waits) -> None:
    assert set(waits.answers) == {"200"}
    assert waits.p99_milliseconds < LONGEST_P99_MILLISECONDS
    assert ingress.peak_megabytes < MOST_MEGABYTES


async def _released(ingress: IngressProcess, descriptors: int) -> float:
    """Return how long it takes until no descriptor and no byte is held for a hostile client."""
    started = time.monotonic()
    while time.monotonic() - started < RELEASED_SECONDS:
        held = await ingress.figure("herald_http_body_bytes")
        if held == 0 and ingress.descriptors <= descriptors:
            break
        await asyncio.sleep(0.5)
    return time.monotonic() - started


@pytest.mark.parametrize(
    ("attack", "number"),
    [("headers", 1), ("silence", 500), ("silence", 1_100), ("half_bodies", 200)],
)
async def test_hostile_clients_cost_the_others_nothing(
    ingress: IngressProcess, report: Report, attack: str, number: int
) -> None:
    """Every honest call is answered soon, memory stays small, and all is free again in time.

    Hostile clients close nothing themselves: it is ingress that lets go.
    """
    async with honest_calls(ingress.providers):
        await asyncio.sleep(0.5)
        usual = ingress.descriptors + 2
    async with honest_calls(ingress.providers) as waits, attacked(ingress.port, attack, number):
        await asyncio.sleep(SECONDS)
        most = ingress.descriptors
        waited = await _released(ingress, usual) if IS_FULL else None
    released = "" if waited is None else f", free again after {SECONDS + waited:.0f} s"
    report(
        f"{number} x {attack}: {waits}; {ingress.peak_megabytes} MB at most, {most} descriptors"
        + released
    )
    _check(ingress, waits)
    assert waited is None or SECONDS + waited <= RELEASED_SECONDS
    assert "http.accept_failed" not in ingress.log.read_text()


async def test_ten_thousand_statuses_are_one_call(
    ingress: IngressProcess, report: Report, amqp_url: str
) -> None:
    """A call of ten thousand is answered 200 in 5 s each time, and small ones beside it soon.

    Every status is on the bus by then, and memory stays small.
    """
    seconds = []
    bodies = [statuses(10_000) for _ in range(LARGE_CALLS)]
    with _busy_loops():
        async with honest_calls(ingress.providers) as alone:
            await asyncio.sleep(SECONDS)
        async with honest_calls(ingress.providers) as waits:
            for body in bodies:
                started = time.perf_counter()
                answer = await ingress.providers.meta(body)
                seconds.append(round(time.perf_counter() - started, 1))
                assert answer.status == 200
    published = await _published(amqp_url)
    report(
        f"10,000 statuses of {len(bodies[0])} bytes: {seconds} s; small ones {waits}"
        f" (alone: {alone}); {ingress.peak_megabytes} MB at most"
    )
    _check(ingress, waits)
    assert min(map(len, bodies)) >= LARGE_BODY_BYTES
    assert max(seconds) <= LARGE_CALL_SECONDS
    assert published >= {reference for body in bodies for reference in references(body)}


async def _published(amqp_url: str) -> set[str]:
    """Take all receipts from the bus; return the messages that they name."""
    taken = await Rabbit(amqp_url, "", "").drain(receipts_queue(Lane.NORMAL))
    arrived = read_receipts(Delivery(body=message.body) for message in taken).receipts
    receipts = (item.receipt for item in arrived)
    return {name for it in receipts if isinstance(it, AttemptReceipt) for name in it.references}


@contextmanager
def _busy_loops() -> Iterator[None]:
    loops = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(BUSY_LOOPS)
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()
