"""How the server would find what a statement asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import asyncpg


class Explaining:
    """A connection that asks how the server would find the rows, and finds none."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.plan: Any = None

    async def fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """Have a statement explained."""
        await self.explain(statement, *values)
        return []

    async def explain(self, statement: str, *values: Any) -> None:
        """Keep the server's plan of a statement."""
        text = await self._connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *values)
        self.plan = json.loads(text)[0]["Plan"]

    @property
    def nodes(self) -> Iterator[dict[str, Any]]:
        """Every step of the plan."""
        waiting = [self.plan]
        while waiting:
            node = waiting.pop()
            waiting += node.get("Plans", [])
            yield node

    @property
    def read(self) -> list[dict[str, Any]]:
        """The steps that read a table, or an index in its place."""
        return [node for node in self.nodes if "Relation Name" in node]
