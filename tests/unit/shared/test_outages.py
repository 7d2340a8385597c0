"""Which errors of the database are its trouble, and which are a message's fault."""

from __future__ import annotations

import asyncpg
import pytest

from herald.database.pool import is_outage


class _UnencodableValueError(asyncpg.InterfaceError, ValueError):
    """Stands for asyncpg's complaint about an argument, which has both bases."""


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.AdminShutdownError("terminating connection"),
        asyncpg.QueryCanceledError("canceling statement due to statement timeout"),
        asyncpg.DiskFullError("could not extend file"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        asyncpg.InsufficientPrivilegeError("permission denied for table messages"),
        asyncpg.UndefinedTableError('relation "router.messages" does not exist'),
        asyncpg.InvalidCachedStatementError("cached statement plan is invalid"),
        asyncpg.PostgresIOError("could not read block"),
        asyncpg.IndexCorruptedError("table tid from new index tuple overlaps"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_the_databases_trouble_is_an_outage(error: Exception) -> None:
    """What no message can cause is tried again with the same batch."""
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DataError("invalid input"),
        asyncpg.CheckViolationError("violates check constraint"),
        asyncpg.UniqueViolationError("duplicate key"),
        asyncpg.ProgramLimitExceededError("index row size exceeds maximum"),
        _UnencodableValueError("invalid input for query argument $1"),
        KeyError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_message_may_cause_is_none(error: Exception) -> None:
    """A batch that fails by its content is taken apart, and the one at fault set aside."""
    assert not is_outage(error)
