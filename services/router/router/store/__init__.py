"""The router's database: named queries in `queries.sql`, a function each, values in and out."""

from __future__ import annotations

from herald.database.queries import load_queries

QUERIES = load_queries("router.store")
