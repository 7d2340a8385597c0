"""When a message may be sent by its recipient's own clock."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from herald.config.file import HeraldFile
from herald.config.quiet_hours import WEEK, QuietHours
from router.core.quiet_hours import opens_at, zones_of_phone
from unit.router.offering import DOCUMENT, offered, refused

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def rule(**fields: Any) -> QuietHours:
    return QuietHours.model_validate({"from": "21:00", "until": "08:00"} | fields)


def opens(at: str, zone: str | tuple[str, ...] = BERLIN, **fields: Any) -> str | None:
    """Say when it opens, by the clock of the first zone."""
    zones = (zone,) if isinstance(zone, str) else zone
    now = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zones[0])).astimezone(UTC)
    found = opens_at(rule(**fields), zones, "UTC", now)
    return f"{found.astimezone(ZoneInfo(zones[0])):%a %d %H:%M}" if found else None


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-01-19T12:00", None),
        ("2026-01-19T20:59:59", None),
        ("2026-01-19T21:00", "Tue 20 08:00"),
        ("2026-01-20T00:30", "Tue 20 08:00"),
        ("2026-01-20T07:59:59", "Tue 20 08:00"),
        ("2026-01-20T08:00", None),
    ],
)
def test_a_night(at: str, expected: str | None) -> None:
    assert opens(at) == expected


def test_whole_days() -> None:
    """After a quiet Sunday it opens on Monday morning; without hours, at midnight."""
    assert opens("2026-01-18T12:00", days=["sunday"]) == "Mon 19 08:00"
    assert opens("2026-01-17T22:00", days=["sunday"]) == "Mon 19 08:00"
    alone = QuietHours(days=("saturday", "sunday"))
    now = datetime(2026, 1, 17, 12, tzinfo=UTC)
    assert opens_at(alone, (), "UTC", now) == datetime(2026, 1, 19, tzinfo=UTC)


def test_clocks_that_change() -> None:
    """Nights in which the clocks go forward or back, and an end that one of them leaves out."""
    assert opens("2026-03-28T23:00") == "Sun 29 08:00"
    assert opens("2026-10-24T23:00") == "Sun 25 08:00"
    # 02:30 does not exist on 29 March in Berlin: an hour later it does
    assert opens("2026-03-29T01:00", until="02:30") == "Sun 29 03:30"
    # on 25 October it comes twice: it is open from the first on, then quiet, then open again
    now = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 for the second time
    assert opens_at(rule(until="02:30"), (BERLIN,), "UTC", now) == now + timedelta(minutes=20)


def test_every_zone_of_a_country_must_be_open() -> None:
    """A number of the whole of the United States gets it when Los Angeles has its morning."""
    both = (NEW_YORK, "America/Los_Angeles")
    assert opens("2026-01-19T09:00", both) == "Mon 19 11:00"
    assert opens("2026-01-19T12:00", both) is None


def test_zones_that_are_never_open_together() -> None:
    """Then the tenant's own clock counts."""
    now = datetime(2026, 1, 19, 3, tzinfo=UTC)
    apart = ("Pacific/Auckland", "America/Los_Angeles", "Asia/Karachi")
    found = opens_at(rule(**{"from": "12:00", "until": "08:00"}), apart, "UTC", now)
    assert found == datetime(2026, 1, 19, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("phone", "zone"),
    [("+4915112345678", BERLIN), ("+12125550100", NEW_YORK), ("US.123", None), ("+999123", None)],
)
def test_zones_by_number(phone: str, zone: str | None) -> None:
    assert (zone in zones_of_phone(phone)) if zone else zones_of_phone(phone) == ()


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "x: give from and until, or days"),
        ({"from": "21:00"}, "x.until: missing beside from"),
        ({"until": "08:00"}, "x.from: missing beside until"),
        (
            {"from": "00:00", "until": "00:00"},
            "x.until: the same as from, so that the window never opens",
        ),
        ({"days": WEEK}, "x.days: names every day, so that the window never opens"),
    ],
)
def test_a_window_that_never_opens_is_named(fields: dict[str, Any], problem: str) -> None:
    assert list(QuietHours.model_validate(fields).problems("x")) == [problem]


_FIRST = datetime(2025, 1, 1, tzinfo=UTC)
_TIMES = st.times().map(lambda t: f"{t:%H:%M}")


@given(
    start=_TIMES,
    until=_TIMES,
    days=st.sets(st.sampled_from(WEEK), max_size=6),
    zone=st.sampled_from([BERLIN, NEW_YORK, "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
    now=st.timedeltas(timedelta(0), timedelta(days=700)).map(lambda age: _FIRST + age),
)
def test_it_opens_at_a_moment_that_is_open(
    start: str, until: str, days: set[str], zone: str, now: datetime
) -> None:
    """Whatever the rule, the found moment is open, and a minute before it is quiet."""
    found = QuietHours.model_validate({"from": start, "until": until, "days": sorted(days)})
    if list(found.problems("x")):
        return
    opening = opens_at(found, (zone,), "UTC", now)
    local = (opening or now).astimezone(ZoneInfo(zone))
    assert not found.is_quiet(local.weekday(), local.time())
    if opening is not None:
        assert now < opening <= now + timedelta(days=8)
        before = (opening - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
        assert found.is_quiet(before.weekday(), before.time())


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe", "x" * 99, "a\0b"])
def test_an_unknown_time_zone_is_refused(name: str) -> None:
    """With the field's name."""
    assert refused(to={"phone": "+15550002222", "timezone": name}).field == "to.timezone"


def test_a_recipients_own_time_zone_comes_first() -> None:
    """It is kept with the message, whatever the configuration says then."""
    to = {"phone": "+4915112345678", "timezone": "Asia/Kathmandu"}
    assert offered(to=to).message.plan.timezones == ("Asia/Kathmandu",)
    assert offered(to={"phone": "+4915112345678"}).message.plan.timezones == ()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"quiet_hours": {"marketing": {"from": "09:00", "until": "09:00"}}},
            "quiet_hours.marketing.until: the same as from, so that the window never opens",
        ),
        (
            {"tenants": {"plain": {"quiet_hours": {"otp": {"days": list(WEEK)}}}}},
            "tenants.plain.quiet_hours.otp.days: names every day, so that the window never opens",
        ),
        (
            {"quiet_hours": {"marketing": {"days": ["sunday"], "channels": ["fax"]}}},
            "quiet_hours.marketing.channels: no account serves 'fax'",
        ),
        ({"quiet_hours": {"marketing": {"from": "9 pm"}}}, "local time of the form 21:00"),
        ({"tenants": {"plain": {"timezone": "Mars"}}}, "no such time zone"),
    ],
)
def test_nothing_starts_with_hours_that_never_open(changes: dict[str, Any], problem: str) -> None:
    """The configuration is refused with the field."""
    document = deepcopy(DOCUMENT)
    for name, fields in changes.pop("tenants", {}).items():
        document["tenants"][name].update(fields)
    with pytest.raises(ValidationError, match=re.escape(problem)):
        HeraldFile.model_validate_json(json.dumps(document | changes))
