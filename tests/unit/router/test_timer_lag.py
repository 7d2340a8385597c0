"""How late deadlines are acted on, as a gauge."""

from __future__ import annotations

from unittest.mock import AsyncMock, create_autospec

import pytest
from prometheus_client import REGISTRY

from herald.database.pool import Database
from router import metrics
from router.jobs import timers
from router.jobs.timers import Timers
from router.unit_of_work import UnitsOfWork


async def test_nothing_is_late_when_nothing_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """A router that was late once does not look late until its next deadline."""
    monkeypatch.setattr(timers, "find_due", AsyncMock(return_value=[]))
    database = create_autospec(Database, instance=True)
    metrics.TIMER_LAG_SECONDS.set(60)
    await Timers(database, create_autospec(UnitsOfWork, instance=True), dict)._scan()
    assert REGISTRY.get_sample_value("herald_timer_lag_seconds") == 0
