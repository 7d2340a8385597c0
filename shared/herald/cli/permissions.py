"""`herald topology permissions`: the broker's users and what each may do, shown or set."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from herald.bus.errors import ManagementError
from herald.cli.environment import (
    EXIT_USAGE,
    JsonOption,
    amqp_url,
    configuration,
    fail,
    management_url,
    run,
)
from herald.config.broker_permissions import broker_users
from herald.config.file import HeraldFile
from herald.config.password_files import read_passwords
from herald.contracts.rabbitmqctl import DEFAULT_VIRTUAL_HOST, commands
from herald.contracts.rights import UserRights
from herald.service.secret_files import SecretFileError
from herald.service.server_variables import BROKER, MANAGEMENT

Passwords = Annotated[
    Path | None,
    typer.Option(
        "--passwords",
        metavar="FOLDER",
        help="Holds a file with the password of each user to be made, named as the user.",
    ),
]


def permissions(
    tenant: Annotated[str | None, typer.Option(help="This tenant's users alone.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Set them.")] = False,
    passwords: Passwords = None,
    replace_passwords: Annotated[
        bool, typer.Option("--replace-passwords", help="Those of users that exist, too.")
    ] = False,
    as_commands: Annotated[
        bool, typer.Option("--commands", help="Print rabbitmqctl commands.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the users of services, operators and tenants, and what each may do; --apply sets it.

    Users are those that herald.toml names; a service that it does not name has a default one. The
    virtual host is that of HERALD_AMQP_URL, or `/`. Setting takes an administrator's
    HERALD_RABBITMQ_MANAGEMENT_URL. Users that are there keep their passwords, and what is
    right already is left alone. A new user without a password file can't log in, but by a client
    certificate.
    """
    loaded = configuration()
    users, host = _users(loaded.file, tenant), _virtual_host()
    if not apply:
        _print(users, host, as_commands=as_commands, as_json=as_json)
        return
    url = management_url()
    if url is None:
        raise fail(f"{MANAGEMENT} is not set", EXIT_USAGE)
    given = _passwords(passwords, users, allow_open=loaded.file.secrets.allow_open_files)
    _apply(url, host, users, given, replace_passwords=replace_passwords, as_json=as_json)


def _users(file: HeraldFile, tenant: str | None) -> tuple[UserRights, ...]:
    if tenant is None:
        return broker_users(file)
    if tenant not in file.tenants:
        raise fail(f"no tenant {tenant}; herald.toml has {', '.join(file.tenants)}", EXIT_USAGE)
    users = broker_users(file, tenant)
    if not users:
        raise fail(f"tenants.{tenant} names no users: any may command for it", EXIT_USAGE)
    return users


def _virtual_host() -> str:
    from herald.bus.declaration import virtual_host  # noqa: PLC0415  it brings libraries along

    return virtual_host(amqp_url()) if os.environ.get(BROKER) else DEFAULT_VIRTUAL_HOST


def _passwords(
    folder: Path | None, users: Sequence[UserRights], *, allow_open: bool
) -> dict[str, str]:
    if folder is None:
        return {}
    try:
        return read_passwords(folder, (user.name for user in users), allow_open=allow_open)
    except SecretFileError as error:
        raise fail(f"--passwords: {error}", EXIT_USAGE) from None


def _apply(
    url: str,
    host: str,
    users: Sequence[UserRights],
    passwords: dict[str, str],
    *,
    replace_passwords: bool,
    as_json: bool,
) -> None:
    from herald.bus.management import Management  # noqa: PLC0415  it brings libraries along
    from herald.bus.permissions import Applied, apply_permissions  # noqa: PLC0415

    async def applied() -> Applied:
        async with Management(url, host) as management:
            return await apply_permissions(
                management, users, passwords, replace_passwords=replace_passwords
            )

    try:
        done = run(applied())
    except ManagementError as error:
        hint = ": it takes an administrator's" if error.is_refusal else ""
        raise fail(f"{MANAGEMENT}: {error}{hint}") from None
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        for name in done.made:
            typer.echo(f"made {name}")
        for name in done.changed:
            typer.echo(f"set {name}")
        if done.without_password:
            typer.echo(f"no password file: {', '.join(done.without_password)}", err=True)
        if not (done.made or done.changed):
            typer.echo("nothing to change")


def _print(users: Sequence[UserRights], host: str, *, as_commands: bool, as_json: bool) -> None:
    for user in users:
        if as_json:
            typer.echo(json.dumps(_document(user, host)))
        elif as_commands:
            typer.echo("\n".join(commands(user.name, user.rights, host)))
        else:
            typer.echo("\n".join(_lines(user)))


def _document(user: UserRights, host: str) -> dict[str, Any]:
    rights = user.rights
    return {
        "user": user.name,
        "roles": user.roles,
        "virtual_host": host,
        "tags": rights.tags,
        "configure": rights.configure,
        "write": rights.write,
        "read": rights.read,
        "topics": [
            {"exchange": t.exchange, "write": t.write, "read": t.read} for t in rights.topics
        ],
    }


def _lines(user: UserRights) -> Iterator[str]:
    rights = user.rights
    yield f"{user.name}  ({', '.join(user.roles)})"
    if rights.tags:
        yield f"  tags       {', '.join(rights.tags)}"
    yield f"  configure  {rights.configure}"
    yield f"  write      {rights.write}"
    yield f"  read       {rights.read}"
    for topic in rights.topics:
        yield f"  keys on {topic.exchange}"
        yield f"    write    {topic.write}"
        yield f"    read     {topic.read}"
