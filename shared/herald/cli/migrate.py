"""`herald migrate`: bring the database's schemas up to date."""

from __future__ import annotations

import asyncio
import json

import typer

from herald.cli.environment import JsonOption, fail, required
from herald.database import migrations
from herald.database.pool import OUTAGES


def migrate(as_json: JsonOption = False) -> None:
    """Apply the migrations that are missing in HERALD_POSTGRES_DSN. Safe to run again."""
    try:
        applied = asyncio.run(migrations.migrate(required("HERALD_POSTGRES_DSN")))
    except OUTAGES as error:
        raise fail(f"PostgreSQL could not be reached: {type(error).__name__}") from None
    names = [f"{item.schema}/{item.number:04}_{item.name}" for item in applied]
    if as_json:
        typer.echo(json.dumps({"applied": names}))
        return
    for name in names:
        typer.echo(f"applied {name}")
    if not names:
        typer.echo("nothing to apply")
