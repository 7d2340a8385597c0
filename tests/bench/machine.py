"""What the figures were measured on: without it they say nothing."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from typing import Any

import asyncpg

from herald_local.stack import Stack
from herald_local.web import call


async def describe(stack: Stack) -> dict[str, Any]:
    """Return processors, versions, and how busy the machine already was with other things."""
    database = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        postgresql = await database.fetchval("SHOW server_version")
    finally:
        await database.close()
    overview = json.loads(call("GET", f"{stack.servers.management_url}/api/overview").body)
    return {
        "processors": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "rabbitmq": overview["rabbitmq_version"],
        "postgresql": postgresql.partition(" ")[0],
        "celery": version("celery"),
    }
