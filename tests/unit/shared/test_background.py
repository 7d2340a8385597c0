"""Work beside requests: what dies is seen, and started again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from herald.service.background import REPORTED_SECONDS, Background, run_together

FOR_EVER = 3600


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110  seen from outside
            await asyncio.sleep(0.001)


async def leaked() -> None:
    """End as a task ends whose connection the client library gave up."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def broken() -> None:
    raise KeyError("bug")


async def ended() -> None:
    """End as if there were nothing to do any more."""


@pytest.mark.parametrize("death", [broken, leaked, ended])
async def test_a_death_is_reported_and_the_job_started_again(
    death: Callable[[], Awaitable[None]],
) -> None:
    """A bug, a leaked cancellation and an unasked end cost a restart; readiness says so."""
    starts = 0

    async def run() -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            await death()
        else:
            await asyncio.sleep(FOR_EVER)

    work = Background("the clocks", run, restart_seconds=0)
    assert work.problem is not None
    work.start()
    await until(lambda: starts == 2)
    assert work.problem is not None
    assert "the clocks" in work.problem
    await work.stop()


async def test_readiness_forgets_a_death_in_time() -> None:
    """A while after the restart all is well again."""
    first, now = [broken], [0.0]

    async def run() -> None:
        if first:
            await first.pop()()
        await asyncio.sleep(FOR_EVER)

    work = Background("the clocks", run, restart_seconds=0, clock=lambda: now[0])
    work.start()
    await until(lambda: work.problem is not None and "KeyError" in work.problem)
    now[0] = REPORTED_SECONDS
    assert work.problem is None
    await work.stop()


async def test_stopping_ends_it() -> None:
    """What is stopped stays stopped."""
    running = asyncio.Event()

    async def run() -> None:
        running.set()
        await asyncio.sleep(FOR_EVER)

    work = Background("the clocks", run)
    work.start()
    await running.wait()
    assert work.problem is None
    await work.stop()
    assert work.problem is not None


@pytest.mark.parametrize("death", [broken, leaked, ended])
async def test_jobs_run_together_or_not_at_all(death: Callable[[], Awaitable[None]]) -> None:
    """When one of several jobs ends, however it does, the others end and its failure is raised."""
    others: list[str] = []

    async def other() -> None:
        try:
            await asyncio.sleep(FOR_EVER)
        finally:
            others.append("ended")

    with pytest.raises(ExceptionGroup):
        await run_together(other, death)
    assert others == ["ended"]


async def test_work_that_fails_as_it_is_stopped_does_not_begin_again() -> None:
    """The failure of one job stands for the cancellation of all, and must not hide the stop."""
    begun = asyncio.Event()

    async def fails_on_its_way_out() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionError

    background = Background("work", partial(run_together, fails_on_its_way_out), restart_seconds=0)
    background.start()
    await begun.wait()
    async with asyncio.timeout(5):
        await background.stop()
    assert background.problem == "work does not run"
