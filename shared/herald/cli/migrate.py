"""`herald migrate`: bring the database's schemas up to date."""

from __future__ import annotations

import asyncio

import typer

from herald.cli.environment import fail, required
from herald.database import migrations
from herald.database.pool import OUTAGES


def migrate() -> None:
    """Apply the migrations that are missing in HERALD_POSTGRES_DSN. Safe to run again."""
    try:
        applied = asyncio.run(migrations.migrate(required("HERALD_POSTGRES_DSN")))
    except OUTAGES as error:
        raise fail(f"PostgreSQL could not be reached: {type(error).__name__}") from None
    for migration in applied:
        typer.echo(f"applied {migration.schema}/{migration.number:04}_{migration.name}")
    if not applied:
        typer.echo("nothing to apply")
