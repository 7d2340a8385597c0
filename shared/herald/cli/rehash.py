"""`herald rehash`: hash stored addresses under the masking key that is configured now."""

from __future__ import annotations

import asyncio
import json
import sys

import asyncpg
import typer

from herald.cli.environment import EXIT_USAGE, JsonOption, configuration, fail, postgres_dsn
from herald.config.loading import ConfigurationError
from herald.database import rehashing
from herald.database.pool import OUTAGES
from herald.database.problems import problem_of


def rehash(as_json: JsonOption = False) -> None:
    """Hash the addresses of all messages in HERALD_POSTGRES_DSN under the key of HERALD_CONFIG.

    After an upgrade from a version that kept no hashes, routers may run meanwhile. After a change
    of the key they are stopped first, and may start again once it has begun. Safe to stop and to
    run again: it goes on where it stopped.
    """
    dsn = postgres_dsn()
    try:
        key = configuration().masking_key()
        number = asyncio.run(rehashing.rehash(dsn, key, progress=_tell))
    except ConfigurationError as error:
        raise fail(str(error), EXIT_USAGE) from None
    except rehashing.RehashRefusedError as error:
        raise fail(str(error)) from None
    except (asyncpg.PostgresError, *OUTAGES) as error:
        raise fail(problem_of(error, dsn)) from None
    if as_json:
        typer.echo(json.dumps({"messages": number}))
    else:
        typer.echo(f"{number} messages hashed")


def _tell(number: int) -> None:
    """Show how far it is, on a terminal alone."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{number} messages")
        sys.stderr.flush()
