"""`POST /messages/search`: by recipient, metadata, time and outcome, the newest first.

A POST, because an address in a URL would be in the access log of every proxy on the way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
from msgspec import Struct, field
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from herald.contracts.masking import masked
from herald.contracts.read_tokens import Reader
from herald.contracts.searches import MessageSearch, Position
from herald.contracts.validation_errors import validation_errors_of
from herald.database.pool import Connection, Database
from router.core.stored import PLAN, STATE
from router.read_api.access import ReadAccess, read_error, refuse_tenant
from router.store.searches import Look, are_hashes_complete, list_tenants, position_of

MAX_BODY_BYTES = 16 * 1024
MOST_EXAMINED = 5000  # in one statement
AT_ONCE = 2  # more searches wait for these, so that messages on their way keep their connections
PATIENCE_SECONDS = 2.0  # then an answer says where to go on, whatever was found


class Page(Struct):
    """What was found, and before which place to go on; None: there is no more."""

    rows: list[asyncpg.Record] = field(default_factory=list)
    next: Position | None = None


def search_route(access: ReadAccess, database: Database, configured: Sequence[str]) -> Route:
    """Build `POST /messages/search`.

    An operator's search goes over the `configured` tenants, and those that once were.
    """
    turn = asyncio.Semaphore(AT_ONCE)

    async def search(request: Request, reader: Reader) -> Response:
        body = await read_search_body(request)
        if body is None:
            return read_error(413, f"a search has at most {MAX_BODY_BYTES // 1024} KiB")
        try:
            wanted = MessageSearch.model_validate_json(body)
            since, before = wanted.window(database.now())
        except ValidationError as error:
            return read_error(
                400, "; ".join(": ".join(filter(None, f)) for f in validation_errors_of(error))
            )
        except ValueError as error:
            return read_error(400, str(error))
        if wanted.tenant is not None and not reader.may_read(wanted.tenant):
            return refuse_tenant(wanted.tenant)
        async with turn, database.connection() as connection:
            tenants = (wanted.tenant,) if wanted.tenant else reader.tenants
            if wanted.tenant is None and reader.is_operator:
                tenants = (*{*configured, *await list_tenants(connection)},)
            look = Look(wanted, tenants, since)
            page = await find_page(connection, look, before, wanted.limit)
            complete = await are_hashes_complete(connection)
        return JSONResponse(
            {
                "messages": [_document(row) for row in page.rows],
                "next": str(page.next) if page.next else None,
                "complete": complete,
            }
        )

    return access.route("/messages/search", search, methods=("POST",))


async def find_page(connection: Connection, look: Look, before: Position, limit: int) -> Page:
    """Look at more and more messages until `limit` are found, or none is left, or time is up."""
    page = Page(next=before)
    number = limit + 1  # one more shows whether there is another page
    until = time.monotonic() + PATIENCE_SECONDS
    while page.next is not None and len(page.rows) <= limit and time.monotonic() < until:
        examined = await look.examine(connection, page.next, number)
        page.rows += examined.found
        page.next = examined.last
        number = min(number * 4, MOST_EXAMINED)
    if len(page.rows) > limit:
        return Page(page.rows[:limit], position_of(page.rows[limit - 1]))
    return page


async def read_search_body(request: Request) -> bytes | None:
    """Read the body; None: it is too large, and what is left of it is not read."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            return None
    return body


def _document(row: asyncpg.Record) -> dict[str, Any]:
    plan, state = PLAN.read(row["plan"]), STATE.read(row["state"])
    ended_at = row["ended_at"]
    return {
        "id": str(row["matched"]),
        "tenant": row["tenant"],
        "idempotency_key": row["idempotency_key"],
        "status": row["status"],
        "outcome": row["outcome"],
        "created_at": row["created_at"].isoformat(timespec="milliseconds"),
        "ended_at": ended_at.isoformat(timespec="milliseconds") if ended_at else None,
        "metadata": plan.metadata,
        "steps": [
            {"channel": step.channel, "address": masked(step.address) if step.address else None}
            for step in plan.steps
        ],
        "attempts": [
            {"step": attempt.step, "channel": attempt.channel, "status": attempt.status}
            for attempt in state.attempts
        ],
        "resent_as": str(row["resent_as"]) if row["resent_as"] else None,
    }
