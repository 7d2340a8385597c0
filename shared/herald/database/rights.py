"""The roles of a database, and keeping what each may do as `rights.sql` says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from herald.database.pool import Connection

DEFAULT_PREFIX = "herald"
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TRIES = 3
_OWNER_OF_SCHEMA = """
SELECT rolname FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner WHERE nspname = 'router'
"""


@dataclass(frozen=True, slots=True)
class Roles:
    """The names of a Herald's roles; servers with several Heralds need several prefixes.

    Raises:
        ValueError: the prefix is no part of a role's name.
    """

    prefix: str = DEFAULT_PREFIX

    def __post_init__(self) -> None:
        if _PREFIX.fullmatch(self.prefix) is None:
            raise ValueError(f"not a prefix of roles: {self.prefix!r}: letters, digits and _")

    @property
    def owner(self) -> str:
        """Who owns everything, and migrates."""
        return f"{self.prefix}_owner"

    @property
    def others(self) -> tuple[str, ...]:
        """Those whose rights `rights.sql` states."""
        names = ("router", "channel", "reader", "operator")
        return tuple(f"{self.prefix}_{name}" for name in names)

    @property
    def all(self) -> tuple[str, ...]:
        return (self.owner, *self.others)

    def fit(self, sql: str) -> str:
        """Put these roles' names in a text that has those of the default prefix."""
        return sql.replace(f'"{DEFAULT_PREFIX}_', f'"{self.prefix}_')


async def roles_of(connection: Connection) -> Roles | None:
    """Return the roles that a database was set up with; None: it was set up without."""
    owner = await connection.fetchval(_OWNER_OF_SCHEMA)
    prefix = (owner or "").removesuffix("_owner")
    if prefix == (owner or "") or _PREFIX.fullmatch(prefix) is None:
        return None
    roles = Roles(prefix)
    found = await connection.fetchval(
        "SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)", roles.others
    )
    return roles if found == len(roles.others) else None


async def act_as(connection: Connection, roles: Roles) -> None:
    """Let what follows on a connection be done, and be owned, by the owner.

    Raises:
        asyncpg.InsufficientPrivilegeError: the connection's user is no member of that role.
    """
    await connection.execute(f'SET ROLE "{roles.owner}"')


async def keep_rights(connection: Connection, roles: Roles) -> None:
    """Give each role exactly its rights on Herald's own objects, at once for all who look."""
    script = roles.fit(_script("rights.sql"))
    for left in reversed(range(_TRIES)):
        try:
            async with connection.transaction():
                await connection.execute(script)
        except asyncpg.InternalServerError:
            # "tuple concurrently updated": others (autovacuum) touch the same rows of the catalogue
            if not left:
                raise
        else:
            return


async def close_database(connection: Connection, roles: Roles) -> None:
    """Take the database and its schema `public` from PUBLIC, and let the roles in."""
    async with connection.transaction():
        await connection.execute(roles.fit(_script("database_rights.sql")))


def _script(name: str) -> str:
    return files("herald.database").joinpath(name).read_text()
