"""Lets asyncpg see at once that what is in an array is no array itself.

It asks abstract base classes about every element, a third of what a row costs to send, and
statements here take whole batches as arrays. Herald gives arrays as lists and tuples alone.
`tests/behaviour/database/test_array_elements.py` holds that the names are still asyncpg's, and that
arrays are written as before.
"""

from __future__ import annotations

from asyncpg.protocol import protocol

NAMES = ("IterableABC", "SizedABC")  # of what asyncpg's `codecs/array.pyx` asks


def ask_for_lists_and_tuples() -> None:
    """Take lists and tuples for arrays, and nothing else: a set is refused as a scalar is."""
    for name in NAMES:
        setattr(protocol, name, (list, tuple))
