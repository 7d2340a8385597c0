"""What is wrong with the database, in words that say what to do."""

from __future__ import annotations

import asyncpg

from herald.database.outages import OUTAGES
from herald.service.server_urls import place_of
from herald.service.tls import tls_problem


def problem_of(error: Exception, dsn: str) -> str:
    """Explain why PostgreSQL at `dsn` could not be used; the DSN's password is not repeated."""
    where = place_of(dsn)
    match error:
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"PostgreSQL at {where} refuses the user or its password"
        case asyncpg.InvalidCatalogNameError():
            return f"PostgreSQL at {where} has no such database"
        case asyncpg.UndefinedTableError() | asyncpg.InvalidSchemaNameError():
            return f"PostgreSQL at {where} lacks Herald's tables: has `herald migrate` been run?"
        case asyncpg.InsufficientPrivilegeError():
            return f"PostgreSQL at {where} does not allow the user to do this: {error}"
        case asyncpg.PostgresError() if not isinstance(error, OUTAGES):
            return f"PostgreSQL at {where} says: {error}"
        case _:
            of_tls = tls_problem(error, wants_tls=False)
            kind = type(error).__name__
            return f"PostgreSQL at {where}" + (
                f": {of_tls}" if of_tls else f" can't be reached ({kind}): is it running?"
            )
