"""Jobs that are done again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from herald.service.periodic import Periodic

FOR_EVER = 3600


class Job:
    """Counts its turns; each does what the next of `results` says, the last one for ever."""

    def __init__(self, *results: bool | Exception | None) -> None:
        self.turns = 0
        self._results = list(results)
        self._reached = asyncio.Condition()

    async def __call__(self) -> bool | None:
        result = self._results[min(self.turns, len(self._results) - 1)]
        self.turns += 1
        async with self._reached:
            self._reached.notify_all()
        if isinstance(result, Exception):
            raise result
        return result

    async def reaches(self, turns: int) -> None:
        """Wait until that many turns were begun."""
        async with asyncio.timeout(5), self._reached:
            await self._reached.wait_for(lambda: self.turns >= turns)


def soon(job: Callable[[], Awaitable[bool | None]]) -> Periodic:
    return Periodic("job", job, 0.001, failure_pause_seconds=0)


@asynccontextmanager
async def running(periodic: Periodic) -> AsyncIterator[None]:
    task = asyncio.create_task(periodic.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with capture_logs() as entries:
        yield entries


async def test_a_job_is_done_again_after_its_interval() -> None:
    """It begins at once, and comes back without being asked."""
    job = Job(None)
    async with running(soon(job)):
        await job.reaches(3)


async def test_more_work_is_done_at_once() -> None:
    """A job that says there is more does not wait for its interval."""
    job = Job(True, True, False)
    async with running(Periodic("job", job, FOR_EVER)):
        await job.reaches(3)


async def test_a_pause_may_be_ended() -> None:
    """What can't wait for its interval is done at once, and once."""
    job, other = Job(None), Job(None)
    periodic = Periodic("job", job, FOR_EVER)
    async with running(periodic):
        await job.reaches(1)
        periodic.wake()
        await job.reaches(2)
        async with running(Periodic("other", other, 0.001)):
            await other.reaches(3)  # the loop has come round since
    assert job.turns == 2


async def test_a_job_may_begin_with_its_pause() -> None:
    """What must not run at every start waits for its first interval."""
    late, other = Job(None), Job(None)
    async with (
        running(Periodic("late", late, FOR_EVER, begins_with_pause=True)),
        running(Periodic("other", other, 0.001)),
    ):
        await other.reaches(3)  # the loop has come round: `late` was started long since
    assert late.turns == 0


async def test_an_outage_is_logged_once(logged: list[Any]) -> None:
    """While the database is away one line says so, whichever way each call fails."""
    job = Job(OSError(), TimeoutError(), OSError(), None)
    async with running(soon(job)):
        await job.reaches(5)
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [("job.failed", "warning")]


async def test_each_outage_is_logged(logged: list[Any]) -> None:
    """An outage after a success is another one."""
    job = Job(OSError(), None, OSError(), None)
    async with running(soon(job)):
        await job.reaches(5)
    assert [entry["event"] for entry in logged] == ["job.failed"] * 2


async def test_a_bug_is_logged_each_time(logged: list[Any]) -> None:
    """It is an error, says where it happened, and does not end the job."""
    job = Job(KeyError("bug"), KeyError("bug"), None)
    async with running(soon(job)):
        await job.reaches(4)
    assert [(entry["error"], entry["log_level"]) for entry in logged] == [("KeyError", "error")] * 2
    assert "test_periodic" in logged[0]["where"]


async def test_readiness_knows_the_last_failure() -> None:
    """The problem lasts until the job succeeds."""
    problems: list[str | None] = []

    async def note() -> None:
        problems.append(periodic.problem)
        await job()

    job = Job(OSError(), None)
    periodic = soon(note)
    async with running(periodic):
        await job.reaches(3)
    assert problems[:3] == [None, "job: OSError", None]


async def test_it_ends_though_its_job_swallows_the_cancellation() -> None:
    """As what the job calls may: else a service that stops would wait for it for ever."""
    turns = 0

    async def job() -> None:
        nonlocal turns
        turns += 1
        with suppress(asyncio.CancelledError if turns == 1 else TimeoutError):
            await asyncio.sleep(FOR_EVER)

    task = asyncio.create_task(soon(job).run())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=1)
    assert task.cancelled()
    assert turns == 1
