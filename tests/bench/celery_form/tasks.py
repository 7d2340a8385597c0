"""Three tasks for three steps: take a command, make the call, take its receipt."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import Any
from uuid import UUID

import requests
from kombu import Exchange
from psycopg_pool import ConnectionPool

from bench.celery_form.app import app
from herald.contracts.commands import SendMessage
from herald.contracts.identifiers import message_id_for

TIMEOUT_SECONDS = 10
EVENTS = Exchange("herald.events", type="topic", passive=True)


@cache
def _database() -> ConnectionPool:
    """One pool a worker process."""
    return ConnectionPool(os.environ["HERALD_POSTGRES_DSN"], min_size=1, max_size=2, open=True)


@cache
def _http() -> requests.Session:
    session = requests.Session()
    session.auth = (os.environ["BENCH_TWILIO_SID"], os.environ["BENCH_TWILIO_TOKEN"])
    return session


@app.task(name="celery_form.send")
def send(command: dict[str, Any]) -> None:
    """Validate a command, store the message once, publish an event, and enqueue its delivery."""
    wanted = SendMessage.model_validate(command)
    key = wanted.idempotency_key or ""
    message_id = message_id_for(wanted.tenant, key)
    attempt_id = f"{message_id}.1.1"
    plan = {"steps": [{"channel": "sms", "address": wanted.to.phone}], "metadata": wanted.metadata}
    state = {"attempts": [{"step": 1, "number": 1, "status": "dispatched"}]}
    with _database().connection() as connection:
        new = connection.execute(
            "INSERT INTO celery_form.messages"
            " (id, tenant, idempotency_key, status, plan, content, state)"
            " VALUES (%s, %s, %s, 'queued', %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            (
                message_id,
                wanted.tenant,
                key,
                json.dumps(plan),
                wanted.content.model_dump_json(),
                json.dumps(state),
            ),
        ).fetchone()
        if new is None:
            return
        connection.execute(
            "INSERT INTO celery_form.history (message_id, fact, note) VALUES (%s, %s, %s)",
            (message_id, f"command:{key}", "dispatched sms 1.1"),
        )
    _tell("command.accepted.default", {"message_id": str(message_id), "idempotency_key": key})
    deliver.delay(attempt_id, wanted.to.phone, wanted.content.text)


@app.task(name="celery_form.deliver")
def deliver(attempt_id: str, phone: str, text: str) -> None:
    """Claim the attempt, call the provider, record what it answered, and report it."""
    with _database().connection() as connection:
        claimed = connection.execute(
            "INSERT INTO celery_form.sends (attempt_id, state, lease_until)"
            " VALUES (%s, 'started', now() + interval '30 seconds')"
            " ON CONFLICT DO NOTHING RETURNING attempt_id",
            (attempt_id,),
        ).fetchone()
    if claimed is None:
        return
    answer = _http().post(
        os.environ["BENCH_TWILIO_URL"],
        data={"To": phone, "From": "+15550001111", "Body": text},
        timeout=TIMEOUT_SECONDS,
    )
    answer.raise_for_status()
    report = {"reference": answer.json()["sid"], "status": "accepted"}
    with _database().connection() as connection:
        connection.execute(
            "UPDATE celery_form.sends SET state = 'recorded', report = %s WHERE attempt_id = %s",
            (json.dumps(report), attempt_id),
        )
    receipt.delay(attempt_id, report["reference"], answer.json())


@app.task(name="celery_form.receipt")
def receipt(attempt_id: str, reference: str, element: dict[str, Any]) -> None:
    """Record an acceptance: the provider's id, the message's state, its history."""
    message_id = UUID(attempt_id.partition(".")[0])
    with _database().connection() as connection:
        connection.execute(
            "INSERT INTO celery_form.provider_refs (provider, account, reference, attempt_id)"
            " VALUES ('twilio', 'main', %s, %s) ON CONFLICT DO NOTHING",
            (reference, attempt_id),
        )
        row = connection.execute(
            "SELECT state FROM celery_form.messages WHERE id = %s FOR UPDATE", (message_id,)
        ).fetchone()
        if row is None:
            return
        state = row[0]
        state["attempts"][0] |= {"status": "accepted", "reference": reference}
        connection.execute(
            "UPDATE celery_form.messages SET state = %s WHERE id = %s",
            (json.dumps(state), message_id),
        )
        connection.execute(
            "INSERT INTO celery_form.history (message_id, fact, note, status, element)"
            " VALUES (%s, %s, 'dispatched -> accepted', 'accepted', %s) ON CONFLICT DO NOTHING",
            (message_id, f"receipt:{attempt_id}/accepted", json.dumps(element)),
        )


def _tell(key: str, data: dict[str, Any]) -> None:
    """Publish an event for whoever listens."""
    with app.producer_pool.acquire(block=True) as producer:
        producer.publish(data, exchange=EVENTS, routing_key=key, serializer="json")
