"""Where a caller is with its latest request."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """What of a request is here."""

    IDLE = auto()  # nothing: between requests
    HEAD = auto()
    BODY = auto()
    SENT = auto()  # all of it
