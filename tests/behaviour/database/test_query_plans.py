"""Every named query finds its rows by an index, whatever the tables will hold.

With sequential scans forbidden the planner takes one only where no index leads to the rows. It
plans without knowing the parameters, as a statement that is prepared once does.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from herald.database.migrations import migrate
from herald.database.queries import read_queries

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("services/router/router", "shared/herald/channel", "shared/herald/sessions")
# tables of a few rows: a row a process, an account, a day
SMALL = {"accounts", "delays", "ingresses", "listeners", "masking", "measurement"}
# what looks at all rows on purpose, and when
WHOLE = {
    "count_rows": "the outbox, for a metric: it holds what is being published",
    "delete_idle": "buckets, by a job",
    "find_foreign_keys": "suppressions, when a masking key is replaced",
}
# put together from pieces; `make bench ARGS="--only find"` measures them
COMPOSED = {"examine_recipient", "examine_time", "examine_unsuccessful", "match"}


def _queries() -> Iterator[tuple[str, str]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.sql")):
            yield from read_queries(path.read_text(), str(path)).items()


QUERIES = [(name, text) for name, text in _queries() if name not in COMPOSED]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def connection(postgres_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Give a connection to an empty database with the schema."""
    await migrate(postgres_dsn)
    opened = await asyncpg.connect(postgres_dsn)
    await opened.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
    yield opened
    await opened.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "text"), QUERIES, ids=[name for name, _ in QUERIES])
async def test_a_query_finds_its_rows_by_an_index(
    connection: asyncpg.Connection, name: str, text: str
) -> None:
    """No table that grows is read from its first row to its last."""
    scanned = set(_scanned(await _plan(connection, text))) - SMALL
    assert bool(scanned) is (name in WHOLE), scanned


async def _plan(connection: asyncpg.Connection, text: str) -> Any:
    parameters = len((await connection.prepare(text)).get_parameters())
    values = f"({', '.join(['NULL'] * parameters)})" if parameters else ""
    await connection.execute(f"PREPARE planned AS {text}")
    try:
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE planned{values}")
    finally:
        await connection.execute("DEALLOCATE planned")
    return json.loads(plan)[0]["Plan"]


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    """Name the tables that a plan reads from end to end."""
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for part in node.get("Plans", []):
        yield from _scanned(part)
