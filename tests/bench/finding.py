"""How long it takes to find messages among very many, beside one that is shown by its id."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import asyncpg

from bench.medians import percentile
from herald.config.loading import load_configuration
from herald_local.progress import report
from herald_local.stack import Stack
from herald_local.web import call
from many_messages import make_messages

PHONE, EMAIL = "+15550007777", "grace@example.com"
TENANT = "default"
TIMES = 100
OK = 200
_ANY_ID = "SELECT id FROM router.messages ORDER BY id LIMIT 1"

# by what is looked for; each answer is a page of 50
SEARCHES: dict[str, dict[str, Any]] = {
    "by_address": {"phone": PHONE},
    "by_address_and_outcome": {"email": EMAIL, "outcome": "failed"},
    "by_address_and_metadata": {"phone": PHONE, "metadata": {"shop": "3"}},
    "failed_since": {"outcome": "failed", "since": "2h", "resent": False},
    "newest": {},
    "by_common_metadata": {"metadata": {"shop": "3"}},
    "by_rare_metadata": {"metadata": {"order": "7"}, "since": "12h"},
}


async def among(stack: Stack, messages: int) -> dict[str, Any]:
    """Fill the database with messages, one in a thousand to the recipient, and look for them."""
    key = load_configuration(stack.config).masking_key()
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        await make_messages(database, messages, TENANT, key.hashes((PHONE, EMAIL)))
        await database.execute("VACUUM ANALYZE router.messages, router.recipients")
        shown: str = str(await database.fetchval(_ANY_ID))
    finally:
        await database.close()
    token = stack.read_token_file.read_text().strip()

    def show() -> int:
        return call("GET", f"{stack.router_url}/messages/{shown}", token=token).status

    def search(wanted: dict[str, Any]) -> Callable[[], int]:
        url, body = f"{stack.router_url}/messages/search", json.dumps(wanted).encode()
        return lambda: call("POST", url, body, token=token).status

    asked = {"one_by_id": show} | {name: search(wanted) for name, wanted in SEARCHES.items()}
    found: dict[str, Any] = {"messages": messages, "times": TIMES}
    for name, ask in asked.items():
        found[f"{name}_ms"] = await asyncio.to_thread(_milliseconds, ask)
        report(f"{name}: {found[f'{name}_ms']}")
    return found


def _milliseconds(ask: Callable[[], int]) -> dict[str, float]:
    """Ask again and again over HTTP, each time on a new connection; the first one finds it cold."""
    taken = []
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        status = ask()
        taken.append((time.perf_counter() - began) * 1000)
        assert status == OK, f"the router answers {status}"
    return {
        "first": round(taken[0], 1),
        "p50": round(percentile(taken[1:], 0.50), 1),
        "p99": round(percentile(taken[1:], 0.99), 1),
    }
