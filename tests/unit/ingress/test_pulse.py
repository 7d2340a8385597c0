"""What ingress's pulses say of the time before them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.receipts import RECEIPT, Pulse
from ingress.pulse import PULSE_SECONDS, PulseSender
from ingress.spool.identity import Identity


@dataclass(slots=True)
class Bus:
    """A bus that takes pulses or does not, and a clock set by hand."""

    takes: bool = True
    now: float = 1000.0
    pulses: list[Pulse] = field(default_factory=list)
    is_connected: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.is_connected.set()

    async def connected(self) -> None:
        await self.is_connected.wait()

    async def is_taken(self, message: OutgoingMessage, _timeout_seconds: float) -> bool:
        pulse = RECEIPT.validate_json(message.body)
        assert isinstance(pulse, Pulse)
        self.pulses.append(pulse)
        return self.takes

    def clock(self) -> float:
        return self.now


async def _turns() -> None:
    """Let the loop run what can run."""
    for _ in range(10):
        await asyncio.sleep(0)


def _sender(bus: Bus) -> PulseSender:
    publisher: Any = bus
    return PulseSender(publisher, Identity(), monotonic=bus.clock)


async def test_the_first_pulse_waits_for_the_connection() -> None:
    """One without a connection would fail, and readiness would wait for the next."""
    bus = Bus()
    bus.is_connected.clear()
    async with _sender(bus):
        await _turns()
        assert bus.pulses == []
        bus.is_connected.set()
        await _turns()
        assert len(bus.pulses) == 1


async def test_pulses_in_time_say_nothing() -> None:
    """A service that publishes all the time was never silent."""
    bus = Bus()
    sender = _sender(bus)
    for _ in range(3):
        await sender.send()
        bus.now += PULSE_SECONDS
    assert [pulse.silent_seconds for pulse in bus.pulses] == [0.0, 0.0, 0.0]
    assert len({pulse.instance for pulse in bus.pulses}) == 1


async def test_the_first_pulse_after_an_outage_says_how_long_it_was() -> None:
    """It counts from the last pulse that was taken, also when others were tried meanwhile."""
    bus = Bus()
    sender = _sender(bus)
    await sender.send()
    bus.takes = False
    bus.now += 20
    await sender.send()
    bus.takes = True
    bus.now += 10
    await sender.send()
    bus.now += PULSE_SECONDS
    await sender.send()
    assert [pulse.silent_seconds for pulse in bus.pulses] == [0.0, 20.0, 30.0, 0.0]


async def test_the_last_pulse_says_that_it_leaves() -> None:
    """A service that stops in order is not waited for."""
    bus = Bus()
    async with _sender(bus):
        pass
    assert bus.pulses[-1].leaving


def _restarted(bus: Bus, directory: Path, *, holds_something: bool = False) -> PulseSender:
    """Begin as a process does that finds what an earlier one left in its directory."""
    publisher: Any = bus
    return PulseSender(publisher, Identity(directory), lambda: holds_something, monotonic=bus.clock)


async def test_after_a_crash_it_is_the_same_one(tmp_path: Path) -> None:
    """Routers wait for what a killed ingress has on disk, until it is there again."""
    bus = Bus()
    await _restarted(bus, tmp_path).send()
    await _restarted(bus, tmp_path).send()
    assert len({pulse.instance for pulse in bus.pulses}) == 1


async def test_after_an_end_in_order_it_is_another_one(tmp_path: Path) -> None:
    """One that said that it leaves never comes back."""
    bus = Bus()
    async with _restarted(bus, tmp_path):
        await _turns()
    left = bus.pulses[-1]
    assert left.leaving
    await _restarted(bus, tmp_path).send()
    assert bus.pulses[-1].instance != left.instance


async def test_with_callbacks_on_disk_it_does_not_leave(tmp_path: Path) -> None:
    """It ends while the bus takes nothing: the next one on the directory is the same still."""
    bus = Bus()
    sender = _restarted(bus, tmp_path, holds_something=True)
    await sender.send()
    async with sender:
        pass
    assert not any(pulse.leaving for pulse in bus.pulses)
    await _restarted(bus, tmp_path).send()
    assert len({pulse.instance for pulse in bus.pulses}) == 1


async def test_what_no_router_heard_of_is_not_known(tmp_path: Path) -> None:
    """It is known from the first pulse that was taken, and so is whoever follows a crash."""
    bus = Bus(takes=False)
    identity = Identity(tmp_path)
    publisher: Any = bus
    await PulseSender(publisher, identity).send()
    assert not identity.is_known
    assert not Identity(tmp_path).is_known
    bus.takes = True
    await PulseSender(publisher, identity).send()
    assert identity.is_known
    assert Identity(tmp_path).is_known


def test_a_damaged_file_is_no_identity(tmp_path: Path) -> None:
    """What can't be read is replaced once the routers know the new one."""
    (tmp_path / "instance").write_text("nonsense")
    identity = Identity(tmp_path)
    assert not identity.is_known
    identity.note_known()
    assert Identity(tmp_path).instance == identity.instance


async def test_a_pulse_says_whether_something_waits_on_disk(tmp_path: Path) -> None:
    """An erasure waits for that; one that keeps nothing on disk says nothing of it."""
    bus = Bus()
    await _sender(bus).send()
    for holds_something in (True, False):
        await _restarted(bus, tmp_path, holds_something=holds_something).send()
    assert [pulse.holds_something for pulse in bus.pulses] == [None, True, False]
