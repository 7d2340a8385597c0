"""`herald status`: is everything there, and does anything pile up."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from herald.cli.accounts import Account, read_accounts
from herald.cli.backlogs import Broker, Database, read_broker, read_database
from herald.cli.environment import (
    EXIT_FAILED,
    EXIT_USAGE,
    JsonOption,
    amqp_url,
    checked,
    configuration,
    fail,
    postgres_dsn,
    run,
)
from herald.cli.tables import plain_table
from herald.cli.web import ask
from herald.service.server_urls import HTTP

HTTP_OK = 200
DEFAULT_SERVICES = "router=http://127.0.0.1:8002,ingress=http://127.0.0.1:8011"


@dataclass(slots=True)
class Service:
    """A service and what its `/readyz` says."""

    name: str
    url: str
    ready: bool
    version: str = ""
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Status:
    """Everything `herald status` knows."""

    services: list[Service]
    broker: Broker
    database: Database | None
    accounts: list[Account]

    def problems(self) -> Iterator[str]:
        """Say what is wrong, a line each."""
        for service in self.services:
            for name, said in service.problems.items():
                yield f"{service.name}: {name}: {said}"
        if self.broker.problem:
            yield self.broker.problem
        for queue in self.broker.queues:
            if queue.problem:
                yield f"{queue.name}: {queue.problem}"
        if self.database is not None and self.database.problem:
            yield self.database.problem
        yield from filter(None, (account.problem for account in self.accounts))


def status(as_json: JsonOption = False) -> None:
    """Show services, queues, backlogs and accounts; exit 1 and say so if something is wrong.

    Services are those of HERALD_SERVICES (name=url of its operations listener, with commas
    between); the backlog in the database and the accounts are shown when HERALD_POSTGRES_DSN is
    set.
    """
    found = run(_read())
    problems = list(found.problems())
    if as_json:
        typer.echo(json.dumps({**asdict(found), "problems": problems}))
    else:
        _print(found)
        for problem in problems:
            typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(EXIT_FAILED)


async def _read() -> Status:
    file, url = configuration().file, amqp_url()
    dsn = postgres_dsn() if os.environ.get("HERALD_POSTGRES_DSN") else None
    return Status(
        services=[_service(name, url) for name, url in _services()],
        broker=await read_broker(url, file.channels),
        database=await read_database(dsn) if dsn else None,
        accounts=await read_accounts(dsn, file.accounts) if dsn else [],
    )


def _services() -> Iterator[tuple[str, str]]:
    for pair in os.environ.get("HERALD_SERVICES", DEFAULT_SERVICES).split(","):
        name, separator, url = pair.strip().partition("=")
        if not separator:
            raise fail(f"HERALD_SERVICES: {pair}: write name=url", EXIT_USAGE)
        yield name, checked(f"HERALD_SERVICES: {name}", url, HTTP).rstrip("/")


def _service(name: str, url: str) -> Service:
    code, document = ask(f"{url}/readyz")
    if not isinstance(document, dict):
        return Service(name, url, ready=False, problems={"readyz": "no answer"})
    checks: dict[str, Any] = document.get("checks", {})
    return Service(
        name,
        url,
        ready=code == HTTP_OK,
        version=document.get("version", ""),
        problems={check: said for check, said in checks.items() if said != "ok"},
    )


def _print(found: Status) -> None:
    console = Console(highlight=False)
    services = plain_table("service", "state", "version", "at")
    for service in found.services:
        state = "[green]ready[/]" if service.ready else "[red]not ready[/]"
        services.add_row(service.name, state, service.version, service.url)
    console.print(services)
    if not found.broker.problem:
        queues = plain_table(f"queue (RabbitMQ {found.broker.version})", "waiting", "consumers")
        for queue in found.broker.queues:
            queues.add_row(queue.name, str(queue.waiting), str(queue.consumers))
        console.print()
        console.print(queues)
    if found.accounts:
        console.print()
        console.print(_accounts(found.accounts))
    if found.database is not None and not found.database.problem:
        console.print()
        backlog = plain_table(f"database (PostgreSQL {found.database.version})", "")
        for name, value in found.database.rows():
            backlog.add_row(name, value)
        console.print(backlog)


def _accounts(accounts: list[Account]) -> Table:
    table = plain_table("account", "channel", "provider", "state", "since")
    for account in accounts:
        colour = "green" if account.state == "up" else "red"
        state = f"[{colour}]{account.state}[/] {account.reason}".strip()
        table.add_row(account.name, account.channel, account.provider, state, account.since)
    return table
