"""What a message costs a worker is measured on batches that go all the way."""

from __future__ import annotations

from typing import Any

import pytest

from bench import worker_steps
from bench.worker_steps import Desk, Tables, steps, whole


@pytest.fixture(autouse=True)
def _few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_steps, "RUNS", 2)
    monkeypatch.setattr(worker_steps, "BATCH", 3)


async def test_every_step_of_a_message_is_measured() -> None:
    """Each step of the worker runs on what the benchmark makes for it."""
    assert all(figure > 0 for figure in (await steps(Desk())).values())


async def test_batches_are_measured_to_their_end() -> None:
    """Every delivery of a batch is settled: its report was recorded and published."""
    assert await whole(Desk(), 3) > 0


async def test_a_stand_in_that_answers_wrongly_ends_the_benchmark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Reports that can't be recorded are an error, for the worker would try for ever."""

    async def misunderstood(_tables: Tables, query: str, *arguments: Any) -> list[dict[str, str]]:
        names = arguments[1] if "INSERT" in query else arguments[0]
        return [{"attempt_id": name} for name in names]

    monkeypatch.setattr(Tables, "fetch", misunderstood)
    with pytest.raises(RuntimeError, match="can't be recorded"):
        await whole(Desk(), 3)
