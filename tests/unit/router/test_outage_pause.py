"""When a router without its database gives its deliveries back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from router.jobs.outage_pause import LOOKS, PATIENCE_SECONDS, OutagePause


@dataclass(slots=True)
class Database:
    """A database as its probe sees it."""

    silent_seconds: float = 0.0
    problem: str | None = None


@dataclass(slots=True)
class Subscriber:
    """A consumer that notes what it was asked."""

    asked: list[str] = field(default_factory=list)

    async def pause(self) -> None:
        self.asked.append("pause")

    async def resume(self) -> None:
        self.asked.append("resume")


def _made(database: Database, subscriber: Subscriber) -> OutagePause:
    both: Any = (database, [subscriber])
    return OutagePause(*both)


async def test_a_silent_database_pauses_once() -> None:
    """After a few seconds without an answer everything goes back to the queues, once."""
    database, subscriber = Database(PATIENCE_SECONDS + 0.1, "away"), Subscriber()
    pause = _made(database, subscriber)
    for _ in range(LOOKS + 3):
        await pause.look()
    assert subscriber.asked == ["pause"]


async def test_a_process_that_was_suspended_looks_again_first() -> None:
    """It finds its database silent for as long as it slept itself, which means nothing."""
    database, subscriber = Database(silent_seconds=16.0), Subscriber()
    pause = _made(database, subscriber)
    await pause.look()
    database.silent_seconds = 0.2
    await pause.look()
    assert subscriber.asked == []


async def test_consumers_resume_when_the_database_answers() -> None:
    """An answer after an outage is enough, but the outage must be over."""
    database, subscriber = Database(PATIENCE_SECONDS + 1, "away"), Subscriber()
    pause = _made(database, subscriber)
    for _ in range(LOOKS):
        await pause.look()
    database.silent_seconds = 0.1
    await pause.look()
    assert subscriber.asked == ["pause"]
    database.problem = None
    await pause.look()
    assert subscriber.asked == ["pause", "resume"]
