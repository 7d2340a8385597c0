"""`POST /suppressions/search`: who gets no more messages, and how it came to that.

A POST, because an address in a URL would be in the access log of every proxy on the way.
"""

from __future__ import annotations

from typing import Any

import asyncpg
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from herald.contracts.masking import shown_hash
from herald.contracts.read_tokens import Reader
from herald.contracts.suppression_searches import SuppressionSearch
from herald.contracts.validation_errors import validation_errors_of
from herald.database.pool import Database
from router.read_api.access import ReadAccess, read_error, refuse_tenant
from router.read_api.search import MAX_BODY_BYTES, read_search_body
from router.store.suppressions import (
    has_foreign_keys,
    show_suppression_history,
    show_suppressions,
)


def suppression_route(access: ReadAccess, database: Database) -> Route:
    """Build `POST /suppressions/search`. Addresses come in, and hashes go out."""

    async def search(request: Request, reader: Reader) -> Response:
        body = await read_search_body(request)
        if body is None:
            return read_error(413, f"a search has at most {MAX_BODY_BYTES // 1024} KiB")
        try:
            wanted = SuppressionSearch.model_validate_json(body)
        except ValidationError as error:
            return read_error(
                400, "; ".join(": ".join(filter(None, f)) for f in validation_errors_of(error))
            )
        if not reader.may_read(wanted.tenant):
            return refuse_tenant(wanted.tenant)
        hashes = wanted.address_hashes
        async with database.connection() as connection:
            rows = await show_suppressions(
                connection, wanted.tenant, hashes, wanted.before, wanted.limit
            )
            complete = not await has_foreign_keys(connection)
            history = (
                await show_suppression_history(connection, wanted.tenant, hashes, wanted.limit)
                if hashes
                else []
            )
        return JSONResponse(
            {
                "suppressions": [_document(row) for row in rows],
                "history": [_document(row) for row in history],
                "complete": complete,
            }
        )

    return access.route("/suppressions/search", search, methods=("POST",))


def _document(row: asyncpg.Record) -> dict[str, Any]:
    shown = {
        "address_hash": shown_hash(row["address_hash"]),
        "channel": row["channel"] or None,
        "category": row["category"] or None,
        "message_id": str(row["message_id"]) if row["message_id"] else None,
    }
    times = {
        name: row[name].isoformat(timespec="milliseconds")
        for name in ("since", "recorded_at")
        if name in row.keys()  # noqa: SIM118  a record's `in` looks at its values
    }
    words = {
        name: row[name]
        for name in ("change", "reason", "source")
        if name in row.keys()  # noqa: SIM118  likewise
    }
    return {**words, **shown, **times}
