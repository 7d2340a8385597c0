"""Time zones by their names in the IANA database, such as `Europe/Berlin`."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

_LONGEST = 64


def known_time_zone(name: str) -> str:
    """Check the name of a time zone.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        if 0 < len(name) <= _LONGEST and name.isascii() and name.isprintable():
            return ZoneInfo(name).key
    except (KeyError, OSError, ValueError):  # none, a folder of the database, a path
        pass
    raise ValueError("no such time zone: write it as the IANA database does, like Europe/Berlin")


TimeZoneName = Annotated[str, AfterValidator(known_time_zone)]
