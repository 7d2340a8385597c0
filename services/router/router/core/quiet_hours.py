"""When a message may be sent by its recipient's own clock. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from phonenumbers.phonenumberutil import NumberParseException, parse

from herald.config.quiet_hours import QuietHours

_UNKNOWN_ZONE = "Etc/Unknown"
_FARTHEST = timedelta(days=8)  # a week, and the day on which it began
_MIDNIGHT = time(0)
_MOST_MOVES = 100  # from zone to zone, until all are open


def opens_at(
    rule: QuietHours, zones: Sequence[str], otherwise: str, now: datetime
) -> datetime | None:
    """Return when it may be sent; None: now.

    With several zones, of a country that has them, it must be open in each. Where that is never
    so, or no zone is known, `otherwise` counts.
    """
    moment = _open_in_all(rule, [ZoneInfo(zone) for zone in (zones or (otherwise,))], now)
    if moment is None:
        moment = _open_in_all(rule, [ZoneInfo(otherwise)], now) or now + _FARTHEST
    return None if moment <= now else moment


@lru_cache(maxsize=4096)
def zones_of_phone(address: str) -> tuple[str, ...]:
    """Return the time zones that a number may be in, by its country and area; none: unknown."""
    if not address.startswith("+"):
        return ()
    # tables of 3 MB that only quiet hours need
    from phonenumbers.timezone import time_zones_for_number  # noqa: PLC0415

    try:
        zones = time_zones_for_number(parse(address))
    except NumberParseException:
        return ()
    return tuple(zone for zone in zones if zone != _UNKNOWN_ZONE)


def zones_of_phones(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return the time zones of the first number among addresses of which some are known."""
    return next(filter(None, map(zones_of_phone, addresses)), ())


def _open_in_all(rule: QuietHours, zones: Sequence[ZoneInfo], now: datetime) -> datetime | None:
    """Return the first moment at which it is open in each zone, `now` or later."""
    moment = now
    for _ in range(_MOST_MOVES):
        later = max(_open_in(rule, zone, moment) for zone in zones)
        if later == moment:
            return moment
        if later > now + _FARTHEST:
            return None
        moment = later
    return None


def _open_in(rule: QuietHours, zone: ZoneInfo, moment: datetime) -> datetime:
    """Return the first moment at which it is open in a zone, `moment` or later."""
    local = moment.astimezone(zone)
    if not rule.is_quiet(local.weekday(), local.time()):
        return moment
    ends = sorted(end for end in _ends(rule, local) if end > moment)
    for end in ends:
        at = end.astimezone(zone)
        if not rule.is_quiet(at.weekday(), at.time()):
            return end
    return moment + 2 * _FARTHEST  # in this zone it does not open: its rule is refused at the start


def _ends(rule: QuietHours, local: datetime) -> Iterable[datetime]:
    """Name the moments at which something quiet may end, as the clocks of these days go.

    A local time that a change of the clocks leaves out comes as late as the change moves it; one
    that it repeats comes twice.
    """
    for days in range(_FARTHEST.days + 1):
        day = (local + timedelta(days=days)).date()
        for at in (_MIDNIGHT, rule.until or _MIDNIGHT):
            for fold in (0, 1):
                yield datetime.combine(day, at, local.tzinfo).replace(fold=fold).astimezone(UTC)
