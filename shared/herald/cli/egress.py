"""`herald egress`: how the ways out are, and which of them take no new calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Annotated, TypeVar

import asyncpg
import typer
from rich.console import Console

from herald.bus.connection_keeper import CONNECT_SECONDS
from herald.channel.egress import rows
from herald.cli.environment import EXIT_FAILED, EXIT_USAGE, JsonOption, configuration, fail
from herald.cli.environment import postgres_dsn as dsn_of_environment
from herald.cli.tables import plain_table
from herald.config.file import HeraldFile
from herald.database.pool import OUTAGES, Connection
from herald.database.problems import problem_of

egress = typer.Typer(help="See, drain and restore ways out to providers.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help=r"The member's name in \[egress.members].")]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Line:
    """How a member gets on with one provider's server."""

    egress: str
    kind: str
    server: str
    state: str  # up, drained or quarantined
    code: str = ""  # why it is in quarantine
    since: str = ""


@egress.command("list")
def list_members(as_json: JsonOption = False) -> None:
    """Show each member with the servers it is to reach; exit 1 if one takes no calls."""
    file = configuration().file
    found = _with_database(lambda connection: _read(connection, file))
    if as_json:
        typer.echo(json.dumps([asdict(line) for line in found]))
    else:
        _print(found)
    if any(line.state != "up" for line in found):
        raise typer.Exit(EXIT_FAILED)


@egress.command()
def drain(name: Name, as_json: JsonOption = False) -> None:
    """Let no new call go by a member: within 2 s senders go by others, or work waits."""
    _configured(name)
    new = _with_database(lambda connection: rows.drain(connection, name))
    _say(name, "is drained" if new else "was drained already", as_json, drained=True, changed=new)


@egress.command()
def restore(name: Name, as_json: JsonOption = False) -> None:
    """Let calls go by a drained member again; one in quarantine is checked at once."""
    _configured(name)
    new = _with_database(lambda connection: rows.restore(connection, name))
    said = "takes calls again, or is checked now" if new else "was not drained or in quarantine"
    _say(name, said, as_json, drained=False, changed=new)


def _say(name: str, said: str, as_json: bool, *, drained: bool, changed: bool) -> None:
    document = {"egress": name, "drained": drained, "changed": changed}
    typer.echo(json.dumps(document) if as_json else f"{name} {said}")


def _configured(name: str) -> None:
    members = configuration().file.egress.members
    if name not in members:
        known = ", ".join(members) or "none"
        raise fail(f"no egress member is named {name}; herald.toml has {known}", EXIT_USAGE)


def _with_database(act: Callable[[Connection], Awaitable[_T]]) -> _T:
    dsn = dsn_of_environment()
    try:
        return asyncio.run(_connected(dsn, act))
    except (*OUTAGES, asyncpg.PostgresError) as error:
        raise fail(problem_of(error, dsn)) from None


async def _connected(dsn: str, act: Callable[[Connection], Awaitable[_T]]) -> _T:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS)
    try:
        return await act(connection)
    finally:
        await connection.close()


async def _read(connection: Connection, file: HeraldFile) -> list[Line]:
    known = {state.pair: state for state in await rows.list_all(connection)}
    drains = await rows.list_drains(connection)
    lines: list[Line] = []
    for pair in file.egress.pairs(file.accounts):
        kind, row = file.egress.members[pair[0]].kind, known.get(rows.Pair(*pair))
        if pair[0] in drains:
            since = drains[pair[0]].isoformat(sep=" ", timespec="seconds")
            lines.append(Line(pair[0], kind, pair[1], "drained", since=since))
        elif row is not None and row.code is not None:
            since = row.since.isoformat(sep=" ", timespec="seconds")
            lines.append(Line(pair[0], kind, pair[1], "quarantined", row.code, since))
        else:
            lines.append(Line(pair[0], kind, pair[1], "up"))
    return lines


def _print(found: list[Line]) -> None:
    table = plain_table("egress", "kind", "server", "state", "since")
    for line in found:
        colour = "green" if line.state == "up" else "red"
        state = f"[{colour}]{line.state}[/] {line.code}".strip()
        table.add_row(line.egress, line.kind, line.server, state, line.since)
    Console(highlight=False).print(table)
