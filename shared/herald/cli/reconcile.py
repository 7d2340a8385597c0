"""`herald reconcile`: after a restore, keep workers from calling twice."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated

import asyncpg
import typer

from herald.cli.environment import EXIT_USAGE, JsonOption, fail, postgres_dsn
from herald.database import reconciling
from herald.database.pool import OUTAGES
from herald.database.problems import problem_of
from herald.database.reconciling import Reconciled


def reconcile(
    until: Annotated[
        str | None,
        typer.Option(help="When the database was lost: ISO 8601 with an offset; now if absent."),
    ] = None,
    handed_out: Annotated[
        bool,
        typer.Option("--handed-out", help="Only what workers had been given: little was lost."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count them, and change none.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """After a restore of HERALD_POSTGRES_DSN: make no attempt again that may have been made since.

    Each such attempt counts as unknown, until a webhook says more. Stop every service before the
    restore, and start them after this. Takes the role that migrates.
    """
    dsn = postgres_dsn()
    try:
        found = asyncio.run(
            reconciling.reconcile(dsn, _moment(until), only_handed_out=handed_out, dry_run=dry_run)
        )
    except reconciling.ReconcileRefusedError as error:
        raise fail(str(error)) from None
    except (asyncpg.PostgresError, *OUTAGES) as error:
        raise fail(problem_of(error, dsn)) from None
    typer.echo(_as_json(found) if as_json else _as_text(found, dry_run=dry_run))


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise fail("--until: give a moment with an offset (2026-01-31T12:00+01:00)", EXIT_USAGE)
    return moment


def _as_json(found: Reconciled) -> str:
    return json.dumps(
        {
            "backup_of": found.backup_of.isoformat() if found.backup_of else None,
            "open_messages": found.open_messages,
            "handed_out": found.handed_out,
            "possible": found.possible,
        }
    )


def _as_text(found: Reconciled, *, dry_run: bool) -> str:
    would = "would be " if dry_run else ""
    written = found.backup_of.isoformat(timespec="seconds") if found.backup_of else "not known"
    return "\n".join(
        [
            f"{written}  a router wrote last before the backup",
            f"{found.open_messages:>7}  messages are under way in it",
            f"{found.handed_out:>7}  attempts that workers had been given {would}unknown",
            f"{found.possible:>7}  later attempts {would}kept from being made",
        ]
    )
