"""The benchmark's peer does the work it is compared by, and figures are summed up right."""

from __future__ import annotations

import json

import asyncpg

from bench import machine
from bench.celery_form.app import COMMANDS, OUTBOUND, RECEIPTS
from bench.celery_form.running import create_tables, running_workers
from bench.lean import LeanProvider
from bench.medians import percentile, spread
from bench.throughput import celery_seconds
from herald_local.stack import Stack
from herald_local.web import call

ROWS = """
SELECT (SELECT count(*) FROM celery_form.messages) AS messages,
    (SELECT count(*) FROM celery_form.history) AS history,
    (SELECT count(*) FROM celery_form.provider_refs) AS provider_refs,
    (SELECT count(*) FROM celery_form.sends WHERE state = 'recorded') AS sends
"""


async def test_the_celery_form_writes_the_same_rows(stack: Stack) -> None:
    """Each message of the peer leaves the rows that Herald's does, and was really sent."""
    await create_tables(stack)
    provider = LeanProvider()
    with provider.running(stack), running_workers(stack, provider.url):
        before = provider.taken()
        await celery_seconds(stack, provider, 20)
        assert provider.taken() == before + 20
        connection = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        rows = await connection.fetchrow(ROWS)
    finally:
        await connection.close()
    assert rows is not None
    assert dict(rows) == {"messages": 20, "history": 40, "provider_refs": 20, "sends": 20}
    queues = json.loads(call("GET", f"{stack.servers.management_url}/api/queues").body)
    assert {
        queue["type"] for queue in queues if queue["name"] in {COMMANDS, OUTBOUND, RECEIPTS}
    } == {"quorum"}


async def test_the_machine_is_described(stack: Stack) -> None:
    """Figures come with the versions and the load they were measured under."""
    described = await machine.describe(stack)
    assert described["processors"] >= 1
    assert all(described[name][0].isdigit() for name in ("rabbitmq", "postgresql", "celery"))


def test_figures_are_summed_up() -> None:
    """A percentile is a value that occurred; the median comes with its range."""
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)) == (
        50,
        99,
        100,
    )
    assert spread([3.0, 1.0, 2.0]) == {"median": 2, "min": 1, "max": 3}
