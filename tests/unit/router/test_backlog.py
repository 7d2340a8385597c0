"""When a router measures what is under way, and what it shows when another one did."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import AsyncMock, create_autospec

import pytest
from prometheus_client import REGISTRY

from herald.database.pool import Database
from router.jobs import backlog
from router.jobs.backlog import PAUSE, Backlog
from router.store.measurement import Figures, Measurement
from unit.router.making import NOW, seconds

CHANNEL = "measured-channel"
QUEUE = f"outbound.{CHANNEL}.bulk"
FIGURES = Figures(
    oldest={QUEUE: NOW - seconds(50)}, waiting={QUEUE: 7}, unknown={CHANNEL: 2}, open=9
)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stand in for the statements; others have measured these figures ten seconds ago."""
    measured = Measurement(figures=FIGURES, measured_at=NOW - seconds(10), read_at=NOW)
    made = SimpleNamespace(
        take_turn=AsyncMock(return_value=None),
        measure=AsyncMock(return_value=FIGURES),
        keep=AsyncMock(),
        read=AsyncMock(return_value=measured),
    )
    for name, function in vars(made).items():
        monkeypatch.setattr(backlog, name, function)
    return made


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"herald_{name}", labels)


def router() -> Backlog:
    database = create_autospec(Database, instance=True)
    database.now.return_value = NOW + seconds(1)
    return Backlog(database, [CHANNEL])


async def test_every_router_shows_what_one_measured(store: SimpleNamespace) -> None:
    """Without counting anything itself; queues that have nothing waiting show so."""
    await router().turn()
    store.measure.assert_not_awaited()
    bulk, urgent = ({"channel": CHANNEL, "lane": lane} for lane in ("bulk", "urgent"))
    assert (shown("backlog_messages", **bulk), shown("backlog_age_seconds", **bulk)) == (7, 50)
    assert (shown("backlog_messages", **urgent), shown("backlog_age_seconds", **urgent)) == (0, 0)
    assert (shown("unknown_attempts", channel=CHANNEL), shown("messages_open")) == (2, 9)
    assert shown("backlog_measured_age_seconds") == 11


@pytest.mark.parametrize(("took", "pause"), [(0.01, PAUSE), (3.0, timedelta(seconds=60))])
async def test_measuring_takes_a_small_share_of_the_time(
    store: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, took: float, pause: timedelta
) -> None:
    """Every ten seconds, and less often where counting takes long."""
    ticks = iter((0.0, took))
    monkeypatch.setattr(backlog, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    store.take_turn.return_value = NOW
    await router().turn()
    [(_, figures, measured_at, kept_for)] = [call.args for call in store.keep.await_args_list]
    assert (figures, measured_at, kept_for) == (FIGURES, NOW, pause)
