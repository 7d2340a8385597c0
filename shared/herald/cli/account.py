"""`herald account`: let an account take no calls for a while, and let it take them again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Annotated

import asyncpg
import typer

from herald.bus.connection_keeper import CONNECT_SECONDS
from herald.channel import account_rows
from herald.cli.environment import EXIT_USAGE, JsonOption, configuration, fail, postgres_dsn
from herald.database.pool import OUTAGES, Connection
from herald.database.problems import problem_of
from herald.providers.account import Account

account = typer.Typer(help="Pause accounts and resume them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The account's name in herald.toml.")]


@account.command()
def pause(name: Name, as_json: JsonOption = False) -> None:
    """Let an account take no calls: within 2 s its work goes to others, or waits."""
    found = _configured(name)
    new = _write(lambda row: account_rows.pause(row, found.channel, name, found.provider))
    said = "is paused" if new else "was paused already"
    _say(name, found, said, new=new, paused=True, as_json=as_json)


@account.command()
def resume(name: Name, as_json: JsonOption = False) -> None:
    """Let a paused account take calls again."""
    found = _configured(name)
    new = _write(lambda row: account_rows.resume(row, found.channel, name))
    said = "takes calls again" if new else "was not paused"
    _say(name, found, said, new=new, paused=False, as_json=as_json)


def _configured(name: str) -> Account:
    accounts = configuration().file.accounts
    if name not in accounts:
        known = ", ".join(accounts)
        raise fail(f"no account is named {name}; herald.toml has {known}", EXIT_USAGE)
    return accounts[name]


def _write(change: Callable[[Connection], Awaitable[bool]]) -> bool:
    dsn = postgres_dsn()
    try:
        return asyncio.run(_changed(dsn, change))
    except (*OUTAGES, asyncpg.PostgresError) as error:
        raise fail(problem_of(error, dsn)) from None


async def _changed(dsn: str, change: Callable[[Connection], Awaitable[bool]]) -> bool:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        return await change(connection)
    finally:
        await connection.close()


def _say(name: str, found: Account, said: str, *, new: bool, paused: bool, as_json: bool) -> None:
    document = {"account": name, "channel": found.channel, "paused": paused, "changed": new}
    typer.echo(json.dumps(document) if as_json else f"{name} ({found.channel}) {said}")
