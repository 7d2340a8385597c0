"""Migrations as files: what would only show when they are applied."""

from __future__ import annotations

from collections import Counter

from herald.database.migrations import known_migrations


def test_each_number_is_given_once() -> None:
    """Two migrations of one number could not both be recorded."""
    numbers = Counter((item.schema, item.number) for item in known_migrations())
    assert [number for number, count in numbers.items() if count > 1] == []
