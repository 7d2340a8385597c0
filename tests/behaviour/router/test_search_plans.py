"""How searches reach their messages: through an index, whatever is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from behaviour.router.explaining import Explaining
from herald.contracts.masking import address_hash
from herald.contracts.searches import MessageSearch
from herald.database.migrations import migrate
from many_messages import make_messages
from router.store.searches import Look

PHONE, EMAIL = "+15550007777", "grace@example.com"
MESSAGES = 20_000
SECONDS_OF_ALL = f"{MESSAGES}s"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(postgres_dsn: str) -> AsyncIterator[Explaining]:
    """Give a database with many messages of two tenants."""
    await migrate(postgres_dsn)
    connection = await asyncpg.connect(postgres_dsn)
    hashes = [address_hash(PHONE), address_hash(EMAIL)]
    for tenant in ("default", "other"):
        await make_messages(connection, MESSAGES, tenant, hashes)
    yield Explaining(connection)
    await connection.close()


RECIPIENT, TIME, UNSUCCESSFUL = "recipients_address", "recipients_pkey", "messages_unsuccessful"

CRITERIA: list[tuple[dict[str, Any], str]] = [
    ({"phone": PHONE}, RECIPIENT),
    ({"email": EMAIL}, RECIPIENT),
    ({"phone": PHONE, "since": "1h", "until": "1s"}, RECIPIENT),
    ({"phone": PHONE, "outcome": "failed", "status": "sent"}, RECIPIENT),
    ({"phone": PHONE, "metadata": {"shop": "3"}}, RECIPIENT),
    ({"phone": PHONE, "resent": False}, RECIPIENT),
    ({}, TIME),
    ({"since": SECONDS_OF_ALL, "until": "1h"}, TIME),
    ({"status": "delivered"}, TIME),
    ({"outcome": "succeeded"}, TIME),
    ({"outcome": "none"}, TIME),
    ({"metadata": {"shop": "3"}}, TIME),
    ({"metadata": {"order": "7"}, "since": SECONDS_OF_ALL}, TIME),
    ({"after": "2100-01-01T00:00:00+00:00/6f1de7a4-5a3c-5b52-9d0e-6b0d6f9f6c11"}, TIME),
    ({"outcome": "failed"}, UNSUCCESSFUL),
    ({"outcome": "failed", "since": SECONDS_OF_ALL, "resent": False}, UNSUCCESSFUL),
    ({"outcome": "expired", "metadata": {"shop": "3"}}, UNSUCCESSFUL),
    ({"outcome": "cancelled"}, UNSUCCESSFUL),
]


@pytest.mark.parametrize("tenants", [["default"], ["default", "other"]], ids=len)
@pytest.mark.parametrize(("wanted", "index"), CRITERIA, ids=str)
async def test_a_search_goes_through_its_index(
    database: Explaining, wanted: dict[str, Any], index: str, tenants: list[str]
) -> None:
    """For one tenant and for several, a few messages and very many, no table is read whole."""
    search = MessageSearch.model_validate(wanted)
    since, before = search.window(datetime.now(UTC))
    look = Look(search, tenants, since)
    for number in (51, 5000):
        await look.examine(database, before, number)  # type: ignore[arg-type]
        read = database.read
        assert [node["Node Type"] for node in read if node["Node Type"] == "Seq Scan"] == []
        assert {node["Index Name"] for node in read} == {index, "messages_pkey"}
