"""Celery's workers for the time of a measurement, on a stack's own servers."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
from amqp.exceptions import NotFound
from kombu.exceptions import OperationalError

from bench.celery_form.app import COMMANDS, OUTBOUND, RECEIPTS, app
from herald_local import processes
from herald_local.parent_death import dying_with_parent
from herald_local.stack import Stack
from herald_local.waiting import wait_until

TABLES = Path(__file__).with_name("tables.sql")
READY_SECONDS = 30
STOP_SECONDS = 20
WORKERS = {"celery-router": f"{COMMANDS},{RECEIPTS}", "celery-sms": OUTBOUND}
CONCURRENCY = 4  # processes a worker; with 2 or 8 no faster on two cores


async def create_tables(stack: Stack) -> None:
    """Make the tables anew."""
    connection = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        await connection.execute(TABLES.read_text())
    finally:
        await connection.close()


@contextmanager
def running_workers(stack: Stack, provider_url: str) -> Iterator[None]:
    """Run the workers; they end with the block, or with this process at the latest.

    They call `provider_url`, where Twilio's API is.
    """
    app.conf.broker_url = stack.servers.amqp_url
    environment = os.environ | stack.administrators_environment | account_of(stack, provider_url)
    for name, queues in WORKERS.items():
        command = [
            sys.executable, "-m", "celery", "--app", "bench.celery_form.app", "worker",
            "--queues", queues, "--concurrency", str(CONCURRENCY), "--hostname", f"{name}@%h",
            "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING",
        ]  # fmt: skip
        processes.launch(stack.home, name, dying_with_parent(command), environment)
    try:
        wait_until(
            _consumed, timeout_seconds=READY_SECONDS, complaint=lambda: "Celery did not start"
        )
        yield
    finally:
        processes.stop(stack.home, WORKERS, patience_seconds=STOP_SECONDS)


def _consumed() -> bool:
    """Whether every queue has a consumer."""
    try:
        with app.connection_for_read() as connection, connection.channel() as channel:
            return all(
                channel.queue_declare(queue, passive=True).consumer_count
                for queue in (COMMANDS, OUTBOUND, RECEIPTS)
            )
    except (OperationalError, NotFound):  # not there yet
        return False


def account_of(stack: Stack, provider_url: str) -> dict[str, str]:
    """Return the account that the sandbox knows, and where its API is."""
    settings = tomllib.loads(stack.sandbox_config.read_text())["twilio"]
    account = next(iter(settings.values()))
    sid = account["account_sid"]
    return {
        "BENCH_TWILIO_URL": f"{provider_url}/2010-04-01/Accounts/{sid}/Messages.json",
        "BENCH_TWILIO_SID": sid,
        "BENCH_TWILIO_TOKEN": account["auth_token"],
        "PYTHONPATH": "tests",
    }
