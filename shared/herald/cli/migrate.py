"""`herald migrate`: bring the database's schemas up to date, and its roles."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from herald.cli.environment import EXIT_USAGE, JsonOption, fail, postgres_dsn
from herald.config.password_files import read_passwords
from herald.database import migrations
from herald.database.migrations import Migration
from herald.database.pool import OUTAGES
from herald.database.problems import problem_of
from herald.database.rights import DEFAULT_PREFIX, Roles
from herald.database.roles import RolesDone, RolesError, migrate_with_roles
from herald.service.secret_files import SecretFileError


def migrate(
    with_roles: Annotated[
        bool, typer.Option("--roles", help="Make the database's roles and give each its rights.")
    ] = False,
    passwords: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Holds a file with the password of each role that shall log in, named as it.",
        ),
    ] = None,
    replace_passwords: Annotated[
        bool, typer.Option("--replace-passwords", help="Those of roles that log in, too.")
    ] = False,
    role_prefix: Annotated[str, typer.Option(help="How the roles' names begin.")] = DEFAULT_PREFIX,
    as_json: JsonOption = False,
) -> None:
    """Apply the migrations that are missing in HERALD_POSTGRES_DSN. Safe to run again.

    --roles makes the roles herald_owner, herald_router, herald_channel, herald_reader and
    herald_operator where they are missing, gives the first all that is Herald's, each other what
    it needs, and takes everything in this database from PUBLIC: it is for Herald alone. Without it
    the rights of roles that are there are kept up to date.
    """
    dsn = postgres_dsn()
    roles = _roles(role_prefix)
    given = _passwords(passwords, roles)
    done = RolesDone()
    try:
        if with_roles:
            done = asyncio.run(
                migrate_with_roles(dsn, roles, given, replace_passwords=replace_passwords)
            )
        else:
            done.applied = asyncio.run(migrations.migrate(dsn))
    except RolesError as error:
        raise fail(str(error)) from None
    except (*OUTAGES, asyncpg.PostgresError) as error:
        raise fail(problem_of(error, dsn)) from None
    _say(done, with_roles=with_roles, as_json=as_json)


def _roles(prefix: str) -> Roles:
    try:
        return Roles(prefix)
    except ValueError as error:
        raise fail(f"--role-prefix: {error}", EXIT_USAGE) from None


def _passwords(folder: Path | None, roles: Roles) -> dict[str, str]:
    if folder is None:
        return {}
    try:
        return read_passwords(folder, roles.all)
    except SecretFileError as error:
        raise fail(f"--passwords: {error}", EXIT_USAGE) from None


def _say(done: RolesDone, *, with_roles: bool, as_json: bool) -> None:
    applied = _names(done.applied)
    if as_json:
        roles = {"roles": {"made": done.made, "changed": done.changed}} if with_roles else {}
        typer.echo(json.dumps({"applied": applied, **roles}))
        return
    for role in done.made:
        typer.echo(f"made role {role}")
    for role in done.changed:
        typer.echo(f"changed role {role}")
    for name in applied:
        typer.echo(f"applied {name}")
    if not applied:
        typer.echo("nothing to apply")


def _names(applied: Sequence[Migration]) -> list[str]:
    return [f"{item.schema}/{item.number:04}_{item.name}" for item in applied]
