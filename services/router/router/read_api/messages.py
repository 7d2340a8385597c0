"""`GET /messages/...`: one message with its whole history."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from herald.contracts.durations import AUTO, format_duration
from herald.contracts.masking import masked
from herald.contracts.read_tokens import Reader
from herald.database.pool import Database
from router.core.message import Attempt, Plan, PlannedStep
from router.core.stored import PLAN, STATE
from router.read_api.access import (
    ReadAccess,
    check_parameter,
    read_error,
    refuse_tenant,
    tenant_asked_for,
)
from router.store.messages import find_by_key
from router.store.views import show_history, show_message


def message_routes(access: ReadAccess, database: Database) -> list[Route]:
    """Build `GET /messages/{id}` and `GET /messages?idempotency_key=&tenant=`.

    Addresses are masked; contents are not shown.
    """

    async def by_id(request: Request, reader: Reader) -> Response:
        return await _show(database, request.path_params["message_id"], reader)

    async def by_key(request: Request, reader: Reader) -> Response:
        key = request.query_params.get("idempotency_key")
        if not key:
            return read_error(400, "idempotency_key: give one")
        try:
            check_parameter("idempotency_key", key)
            tenant = tenant_asked_for(request, reader)
        except ValueError as error:
            return read_error(400, str(error))
        if not reader.may_read(tenant):
            return refuse_tenant(tenant)
        return await _show(database, (tenant, key), reader)

    return [
        access.route("/messages/{message_id:uuid}", by_id),
        access.route("/messages", by_key),
    ]


async def _show(database: Database, name: UUID | tuple[str, str], reader: Reader) -> Response:
    """Show a message named by its id, or by tenant and idempotency key.

    To a reader of other tenants it does not exist.
    """
    async with database.connection() as connection:
        message_id = (
            name if isinstance(name, UUID) else (await find_by_key(connection, [name])).get(name)
        )
        row = await show_message(connection, message_id) if message_id else None
        if row is None or not reader.may_read(row["tenant"]):
            return read_error(404, "no such message")
        history = await show_history(connection, row["created_at"], row["id"])
    return JSONResponse(_document(row, history))


def _document(row: asyncpg.Record, history: list[asyncpg.Record]) -> dict[str, Any]:
    plan, state = PLAN.read(row["plan"]), STATE.read(row["state"])
    return {
        "id": str(row["id"]),
        "tenant": row["tenant"],
        "idempotency_key": row["idempotency_key"],
        "status": row["status"],
        "outcome": row["outcome"],
        "category": plan.category,
        "lane": plan.lane,
        "created_at": _time(row["created_at"]),
        "ended_at": _time(row["ended_at"]),
        "send_at": _time(state.send_at),  # while it waits for that moment
        "expires_at": _time(plan.expires_at),
        "erased_at": _time(row["erased_at"]),
        "next_action_at": _time(_earliest(row["due_at"], row["silence_at"])),
        "metadata": plan.metadata,
        "trace_id": plan.trace.trace_id if plan.trace and plan.trace.is_sampled else None,
        "resent_from": str(plan.resent_from) if plan.resent_from else None,
        "resent_as": str(row["resent_as"]) if row["resent_as"] else None,
        "steps": _steps(plan),
        "attempts": [_attempt(row["id"], attempt) for attempt in state.attempts],
        "timeline": [
            {
                "recorded_at": _time(fact["recorded_at"]),
                "occurred_at": _time(fact["occurred_at"]),
                "attempt_id": fact["attempt_id"],
                "status": fact["status"],
                "fact": fact["fact"],
                "note": fact["note"],
            }
            for fact in history
        ],
    }


def _steps(plan: Plan) -> list[dict[str, Any]]:
    return [
        {
            "channel": step.channel,
            "address": masked(step.address) if step.address else "",  # erased
            "account": step.account,
            "success_on": step.success_on,
            "fallback_after": _fallback_after(step),
            "start_within": format_duration(step.start_within) if step.start_within else None,
        }
        for step in plan.steps
    ]


def _attempt(message_id: UUID, attempt: Attempt) -> dict[str, Any]:
    failure = attempt.failure.model_dump(mode="json") if attempt.failure else None
    return {
        "attempt_id": f"{message_id}.{attempt.step}.{attempt.number}",
        "channel": attempt.channel,
        "provider": attempt.provider,
        "account": attempt.account,
        "provider_message_id": attempt.reference,
        "status": attempt.status,
        "reached": attempt.reached,
        "flags": list(attempt.flags),
        "failure": failure,
        "dispatched_at": _time(attempt.dispatched_at),
        "accepted_at": _time(attempt.accepted_at),
    }


def _earliest(*times: Any) -> Any:
    return min((time for time in times if time is not None), default=None)


def _time(value: Any) -> str | None:
    return value.isoformat(timespec="milliseconds") if value is not None else None


def _fallback_after(step: PlannedStep) -> str:
    return AUTO if step.learns_fallback else format_duration(step.fallback_after)
