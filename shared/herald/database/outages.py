"""Which errors are the database's trouble, and not a message's."""

from __future__ import annotations

import asyncpg

# What means that the database is away, overloaded or not as it must be. Retrying the same batch
# is right.
OUTAGES = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,  # deadlock or serialisation: the same batch again is right
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InvalidCatalogNameError,  # the database is not created yet
    asyncpg.InvalidAuthorizationSpecificationError,  # nor its user, or not with this password
    asyncpg.InternalClientError,  # what a statement meets between the server's end and the socket's
    # our statements are fixed: what is missing (table, column, function, right) is missing there
    asyncpg.SyntaxOrAccessError,
    asyncpg.InvalidSchemaNameError,
    asyncpg.InvalidCachedStatementError,  # a migration changed a table under a prepared statement
    asyncpg.PostgresSystemError,  # its disk
    asyncpg.DataCorruptedError,
    asyncpg.IndexCorruptedError,
)


def is_outage(error: BaseException) -> bool:
    """Whether `error` is the database's trouble, so that the same batch again is right.

    asyncpg's complaint about a value it can't encode is an InterfaceError too, and no outage.
    """
    return isinstance(error, OUTAGES) and not isinstance(error, ValueError)
