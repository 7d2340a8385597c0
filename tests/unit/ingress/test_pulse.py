"""What ingress's pulses say of the time before them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from herald.bus.frames import Frame
from herald.receipts import RECEIPT, Pulse
from ingress.pulse import PULSE_SECONDS, PulseSender


@dataclass(slots=True)
class Bus:
    """A bus that takes pulses or does not, and a clock set by hand."""

    takes: bool = True
    now: float = 1000.0
    pulses: list[Pulse] = field(default_factory=list)

    async def is_taken(self, frame: Frame, _timeout_seconds: float) -> bool:
        pulse = RECEIPT.validate_json(frame.body)
        assert isinstance(pulse, Pulse)
        self.pulses.append(pulse)
        return self.takes

    def clock(self) -> float:
        return self.now


def _sender(bus: Bus) -> PulseSender:
    publisher: Any = bus
    return PulseSender(publisher, bus.clock)


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
