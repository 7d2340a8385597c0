"""A database set up by `herald migrate --roles`, with roles that are one test module's own."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import psycopg
from typer.testing import Result
from yarl import URL

from command_line import herald
from herald.database.rights import Roles
from herald_local import databases


@dataclass(frozen=True, slots=True)
class RoleDatabase:
    """A database, its roles, and a folder with their passwords."""

    folder: Path
    admin_dsn: str = field(repr=False)
    roles: Roles

    def migrate(self, *options: str, dsn: str | None = None) -> Result:
        """Run `herald migrate`, as the administrator unless another DSN is given."""
        return herald({"HERALD_POSTGRES_DSN": dsn or self.admin_dsn}, "migrate", *options)

    def set_up(self, *options: str, dsn: str | None = None) -> Result:
        """Run `herald migrate --roles` with the passwords."""
        prefix = ("--role-prefix", self.roles.prefix, "--passwords", str(self.folder))
        return self.migrate("--roles", *prefix, *options, dsn=dsn)

    def set_password(self, role: str, password: str) -> None:
        file = self.folder / role
        file.touch(mode=0o600)
        file.write_text(password)

    def dsn(self, role: str) -> str:
        """Return the DSN of a role, by its whole name."""
        password = (self.folder / role).read_text()
        return str(URL(self.admin_dsn).with_user(role).with_password(password))

    def execute(self, statement: str) -> None:
        """Run a statement as the administrator."""
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute(statement.encode())

    @asynccontextmanager
    async def connected(self, name: str) -> AsyncIterator[asyncpg.Connection]:
        """Connect as a role, such as `router`, for the time of a block."""
        connection = await asyncpg.connect(self.dsn(f"{self.roles.prefix}_{name}"))
        try:
            yield connection
        finally:
            await connection.close()


@contextmanager
def role_database(folder: Path, server_dsn: str) -> Iterator[RoleDatabase]:
    """Give a database of its own, empty and without roles yet; all goes at the end."""
    mark = uuid.uuid4().hex[:8]
    folder.mkdir(exist_ok=True)
    dsn = databases.create_database(server_dsn, f"roles_{mark}")
    made = RoleDatabase(folder, dsn, Roles(f"t{mark}"))
    for role in made.roles.all:
        made.set_password(role, uuid.uuid4().hex)
    try:
        yield made
    finally:
        databases.drop_database(server_dsn, f"roles_{mark}")
        databases.drop_roles(server_dsn, made.roles.all)
