"""A router's share of the room in a queue: what it may dispatch without asking."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from router.clearances.source import Hop
from router.clearances.windows import STALE_SECONDS, Windows
from router.core.windows import Window
from router.store.backlog import StoredWindow
from unit.router.making import NOW, begun, message, step

QUEUE = "outbound.sms.normal"


@dataclass(slots=True)
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def _windows(clock: Clock, room: int, routers: int = 1, looks: int = 1, **stored: Any) -> Windows:
    windows = Windows(clock)
    _note(windows, room, routers, looks, **stored)
    return windows


def _note(windows: Windows, room: int, routers: int, looks: int, **stored: Any) -> None:
    window = Window(size=1000, depth=1000 - room)
    windows.note([StoredWindow(queue=QUEUE, window=window, looks=looks, **stored)], routers)


def _queued(windows: Windows, number: int, **about: Any) -> int:
    """Ask for room for steps; return how many found none."""
    hops = [Hop(message(step("sms")), 1, **about) for _ in range(number)]
    return sum(
        bool(asyncio.run(windows.clear(None, [hop], NOW)))  # type: ignore[arg-type]  # never used
        for hop in hops
    )


def test_a_share_is_used_up() -> None:
    """What comes then waits, and the queue is looked at again."""
    windows = _windows(Clock(), room=10)
    assert _queued(windows, 4) == 0
    assert not windows.needs_look(QUEUE)
    assert _queued(windows, 8) == 2
    assert windows.needs_look(QUEUE)


def test_routers_share_the_room() -> None:
    """Each may fill its part of it."""
    assert _queued(_windows(Clock(), room=10, routers=3), 10) == 7


def test_one_look_gives_one_share() -> None:
    """However often it is read."""
    windows = _windows(Clock(), room=10)
    assert _queued(windows, 10) == 0
    _note(windows, 10, 1, looks=1)
    assert _queued(windows, 1) == 1
    _note(windows, 10, 1, looks=2)
    assert _queued(windows, 1) == 0


def test_retries_released_steps_and_dry_runs_take_nothing() -> None:
    """They have waited, or they don't start."""
    windows = _windows(Clock(), room=1)
    assert _queued(windows, 5, is_dry_run=True) == 0
    assert _queued(windows, 1) == 0
    assert _queued(windows, 5, is_dry_run=True) == 5
    assert _queued(windows, 5, is_released=True) == 0
    retry = Hop(begun(step("sms")), 1)
    assert asyncio.run(windows.clear(None, [retry], NOW)) == {}  # type: ignore[arg-type]  # never used


def test_a_queue_is_looked_at_from_time_to_time() -> None:
    """Also when nothing is known to wait, and soon when another router left something."""
    clock = Clock()
    windows = _windows(clock, room=10)
    assert not windows.needs_look(QUEUE)
    clock.now += STALE_SECONDS + 1
    assert windows.needs_look(QUEUE)
    assert _windows(clock, room=10, is_waited_for=True).needs_look(QUEUE)
