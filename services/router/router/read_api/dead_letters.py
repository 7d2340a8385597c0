"""`GET /dead-letters/...`, and `GET /rejections`: why commands were refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from herald.contracts.read_tokens import Reader
from herald.contracts.searches import When
from herald.contracts.text import storable
from herald.contracts.validation_errors import validation_errors_of
from herald.database.pool import Database
from router.read_api.access import (
    ReadAccess,
    check_parameter,
    read_error,
    refuse_tenant,
    tenant_asked_for,
)
from router.read_api.body_masks import masked_body, masked_value
from router.store.audit import Act, keep_acts
from router.store.dead_letters import Filter, find_rejections, list_dead_letters, show_dead_letter

BODY_READ = "dead_letter.read"  # the audit's name for a look at a whole body
_FILTERS = ("queue", "reason", "tenant", "since", "after", "replayed", "limit")
_LIMIT, _MOST = 100, 500
_WHEN: TypeAdapter[datetime | timedelta] = TypeAdapter(When)


def dead_letter_routes(access: ReadAccess, database: Database) -> list[Route]:
    """Build `GET /dead-letters`, `/dead-letters/{id}` and `/rejections?idempotency_key=&tenant=`.

    Dead letters are operators'. Bodies are masked; `body=whole` shows one as it is, which the
    audit keeps. A tenant's rejections are its own to read.
    """
    api = _DeadLetterApi(database)
    return [
        access.route("/dead-letters", api.list),
        access.route("/dead-letters/{dead_letter_id:path}", api.show),
        access.route("/rejections", api.rejections),
    ]


class _DeadLetterApi:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, request: Request, reader: Reader) -> Response:
        if not reader.is_operator:
            return _refuse()
        try:
            which, limit = _filter(request, self._database.now())
        except ValueError as error:
            return read_error(400, str(error))
        async with self._database.connection() as connection:
            rows = await list_dead_letters(connection, which, limit)
        last = rows[-1] if len(rows) == limit else None
        cursor = f"{_exactly(last['received_at'])} {last['id']}" if last else None
        return JSONResponse({"dead_letters": list(map(_summary, rows)), "after": cursor})

    async def show(self, request: Request, reader: Reader) -> Response:
        if not reader.is_operator:
            return _refuse()
        dead_letter_id = storable(request.path_params["dead_letter_id"])
        whole = request.query_params.get("body") == "whole"
        async with self._database.transaction() as connection:
            row = await show_dead_letter(connection, dead_letter_id)
            if row is None:
                return read_error(404, "no such dead letter")
            if whole:
                act = Act(
                    user=f"token:{reader.name}",
                    act=BODY_READ,
                    tenant=row["tenant"],
                    subject=dead_letter_id,
                )
                await keep_acts(connection, [act])
        headers, body = json.loads(row["headers"]), row["body"]
        return JSONResponse(
            {
                **_summary(row),
                "headers": headers if whole else masked_value("", headers),
                "body": body.decode("utf-8", "replace") if whole else masked_body(body),
            }
        )

    async def rejections(self, request: Request, reader: Reader) -> Response:
        # rejections are kept under what is left of such a key
        key = storable(request.query_params.get("idempotency_key"))
        if not key:
            return read_error(400, "idempotency_key: give one")
        try:
            tenant = tenant_asked_for(request, reader)
        except ValueError as error:
            return read_error(400, str(error))
        if not reader.may_read(tenant):
            return refuse_tenant(tenant)
        async with self._database.connection() as connection:
            rows = await find_rejections(connection, tenant, key)
        return JSONResponse({"rejections": list(map(_rejection, rows))})


def _filter(request: Request, now: datetime) -> tuple[Filter, int]:
    """Read the query.

    Raises:
        ValueError: a parameter is unknown, or has another form.
    """
    given = dict(request.query_params)
    for name, value in given.items():
        if name not in _FILTERS:
            raise ValueError(f"no such parameter; there are {', '.join(_FILTERS)}")
        check_parameter(name, value)
    limit = given.get("limit", str(_LIMIT))
    if not limit.isdecimal() or len(limit) > len(str(_MOST)) or not 1 <= int(limit) <= _MOST:
        raise ValueError(f"limit: a number from 1 to {_MOST}")
    replayed = given.get("replayed")
    if replayed not in {None, "true", "false"}:
        raise ValueError("replayed: true or false")
    which = Filter(
        queue=given.get("queue"),
        reason=given.get("reason"),
        tenant=given.get("tenant"),
        since=_since(given["since"], now) if "since" in given else None,
        before=_cursor(given["after"]) if "after" in given else None,
        replayed=replayed == "true" if replayed else None,
    )
    return which, int(limit)


def _since(text: str, now: datetime) -> datetime:
    """Read a moment, or how long ago it was."""
    try:
        when = _WHEN.validate_python(text)
    except ValidationError as error:
        raise ValueError(f"since: {validation_errors_of(error)[0][1]}") from None
    return now - when if isinstance(when, timedelta) else when


def _cursor(text: str) -> tuple[datetime, str]:
    """Read where the page before ended."""
    moment, _, dead_letter_id = text.partition(" ")
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), dead_letter_id
    except (ValueError, OverflowError):
        raise ValueError("after: as the page before gave it") from None


def _summary(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["id"],
        "queue": row["queue"],
        "reason": row["reason"],
        "exchange": row["exchange"],
        "routing_key": row["routing_key"],
        "message_id": row["message_id"],
        "correlation_id": row["correlation_id"],
        "broker_user": row["broker_user"],
        "tenant": row["tenant"],
        "idempotency_key": row["idempotency_key"],
        "received_at": _exactly(row["received_at"]),
        "bytes": row["bytes"],
        "replayed_at": _exactly(row["replayed_at"]),
        "replayed_by": row["replayed_by"],
        "replay_result": row["replay_result"],
    }


def _rejection(row: asyncpg.Record) -> dict[str, Any]:
    field, colon, reason = row["reason"].partition(": ")
    names_field = bool(colon) and " " not in field
    return {
        "rejected_at": _exactly(row["received_at"]),
        "command": row["routing_key"],
        "field": field if names_field else "",
        "reason": reason if names_field else row["reason"],
        "dead_letter": row["id"],
        "replayed_at": _exactly(row["replayed_at"]),
        "replay_result": row["replay_result"],
    }


def _exactly(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _refuse() -> Response:
    return read_error(403, "dead letters are shown to operators alone: a token for every tenant")
