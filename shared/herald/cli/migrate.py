"""`herald migrate`: bring the database's schemas up to date."""

from __future__ import annotations

import asyncio
import json

import asyncpg
import typer

from herald.cli.environment import JsonOption, fail, postgres_dsn
from herald.database import migrations
from herald.database.pool import OUTAGES
from herald.database.problems import problem_of


def migrate(as_json: JsonOption = False) -> None:
    """Apply the migrations that are missing in HERALD_POSTGRES_DSN. Safe to run again."""
    dsn = postgres_dsn()
    try:
        applied = asyncio.run(migrations.migrate(dsn))
    except (*OUTAGES, asyncpg.PostgresError) as error:
        raise fail(problem_of(error, dsn)) from None
    names = [f"{item.schema}/{item.number:04}_{item.name}" for item in applied]
    if as_json:
        typer.echo(json.dumps({"applied": names}))
        return
    for name in names:
        typer.echo(f"applied {name}")
    if not names:
        typer.echo("nothing to apply")
