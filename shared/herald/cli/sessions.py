"""`herald sessions`: the sessions of accounts that call with access tokens, and their keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

import asyncpg
import typer
from rich.console import Console

from herald.bus.connection_keeper import CONNECT_SECONDS
from herald.cli.environment import (
    EXIT_FAILED,
    EXIT_USAGE,
    JsonOption,
    configuration,
    fail,
    postgres_dsn,
)
from herald.cli.tables import plain_table
from herald.config.loading import Configuration, ConfigurationError
from herald.config.session_keys import session_keys, session_keys_path, write_session_keys
from herald.database.pool import OUTAGES, Connection
from herald.database.problems import problem_of
from herald.sessions import rows
from herald.sessions.key_ring import KeysFileError
from herald.sessions.resealing import Resealed, reseal_all
from herald.sessions.rows import Key, Listed
from herald.sessions.sealing import SealingKeys

sessions = typer.Typer(
    help="Providers' sessions: show them, end them, change their keys.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The account's name in herald.toml.")]
T = TypeVar("T")
SEEN_SECONDS = 2.5  # workers look at the keys file every second


@sessions.command("list")
def list_sessions(as_json: JsonOption = False) -> None:
    """Show every session: how old its token is, when it ends, and what is wrong with it."""
    found = _ask(rows.list_all)
    if as_json:
        typer.echo(json.dumps([_document(one) for one in found]))
        return
    if not found:
        typer.echo("no sessions")
        return
    table = plain_table("account", "channel", "key", "age", "ends in", "state")
    for one in found:
        table.add_row(*_line(one))
    Console().print(table)


@sessions.command()
def revoke(name: Name, as_json: JsonOption = False) -> None:
    """Forget an account's tokens: within 2 s no worker uses them, and its work waits.

    `renew` lets it begin anew. What the provider gave stays valid there: end it there, too.
    """
    key = _key(name)
    new = _ask(lambda connection: rows.revoke(connection, key))
    said = "is revoked" if new else "has no session, or was revoked already"
    _say(name, said, changed=new, as_json=as_json)


@sessions.command()
def renew(
    name: Name,
    from_file: Annotated[
        bool,
        typer.Option("--from-file", help="Forget what is stored, begin with the secrets file."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Have a new token asked for now, also after `revoke` or while it backs off."""
    key = _key(name)
    there = _ask(lambda connection: rows.renew(connection, key, from_file=from_file))
    said = "gets a new token" if there else "has no session yet: its first call begins one"
    _say(name, said, changed=there, as_json=as_json)


@sessions.command("rotate-keys")
def rotate_keys(
    new: Annotated[
        bool, typer.Option("--new", help="Put a new key before those in the keys file first.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Seal every session with the first key of the keys file; workers go on meanwhile.

    Needs the rights of the channels' role. Afterwards the other keys can be taken out of the file.
    """
    loaded = configuration()
    if new:
        _write_new(loaded)
    try:
        keys = session_keys(loaded).current
    except ConfigurationError as error:
        raise fail(str(error), EXIT_USAGE) from None
    done = _ask(lambda connection: _reseal(connection, keys))
    _say_resealed(done, keys.sealing_id, as_json=as_json)
    if done.unreadable:
        raise typer.Exit(EXIT_FAILED)


async def _reseal(connection: Connection, keys: SealingKeys) -> Resealed:
    """Seal all, and once more what workers seal until they have seen the new file."""
    done = await reseal_all(connection, keys)
    if done.sealed:
        await asyncio.sleep(SEEN_SECONDS)
        done.add(await reseal_all(connection, keys))
    return done


def _write_new(loaded: Configuration) -> None:
    try:
        path = session_keys_path(loaded)
        name = write_session_keys(path)
    except KeysFileError as error:
        raise fail(f"sessions.keys_file: {error}", EXIT_USAGE) from None
    except OSError as error:
        raise fail(f"{path}: {error.strerror}") from None
    typer.echo(f"{path}: key {name} is the first now", err=True)


def _say_resealed(done: Resealed, key_id: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"key": key_id, **asdict(done)}))
        return
    typer.echo(f"{done.sealed} sessions are sealed with key {key_id} now")
    if done.before:
        typer.echo(f"{done.before} were already")
    for account, reason in done.unreadable.items():
        typer.echo(f"{account}: {reason}")


def _key(name: str) -> Key:
    """Find a session: of a configured account, or of one that was."""
    accounts = configuration().file.accounts
    with_session = {name: one for name, one in accounts.items() if one.session is not None}
    if name in with_session:
        return Key(with_session[name].channel, name)
    for one in _ask(rows.list_all):
        if one.account == name:
            return Key(one.channel, name)
    known = ", ".join(with_session) or "none"
    raise fail(f"{name} is no account with a session; herald.toml has {known}", EXIT_USAGE)


def _ask(question: Callable[[Connection], Awaitable[T]]) -> T:
    dsn = postgres_dsn()
    try:
        return asyncio.run(_answered(dsn, question))
    except (*OUTAGES, asyncpg.PostgresError) as error:
        raise fail(problem_of(error, dsn)) from None


async def _answered(dsn: str, question: Callable[[Connection], Awaitable[T]]) -> T:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        return await question(connection)
    finally:
        await connection.close()


def _say(name: str, said: str, *, changed: bool, as_json: bool) -> None:
    document = {"account": name, "changed": changed}
    typer.echo(json.dumps(document) if as_json else f"{name} {said}")


def _document(one: Listed) -> dict[str, Any]:
    return {**{name: _plain(value) for name, value in asdict(one).items()}, "state": _state(one)}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value


def _line(one: Listed) -> tuple[str, ...]:
    spans = (_minutes(one.age), _minutes(one.left_over))
    return (one.account, one.channel, one.key_id or "", *spans, _state(one))


def _minutes(span: timedelta | None) -> str:
    return f"{max(0, round(span.total_seconds() / 60))} min" if span is not None else ""


def _state(one: Listed) -> str:
    if one.revoked_at is not None:
        return "revoked"
    if one.trouble is not None:
        return one.trouble
    if one.left_over is None:
        return "no token yet"
    return "ended" if one.left_over <= timedelta(0) else "up"
