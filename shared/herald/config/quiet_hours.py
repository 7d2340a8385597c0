"""When messages of a category are not sent, by the recipient's own clock."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import time
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from herald.contracts.identifiers import ChannelName
from herald.contracts.vocabulary import Category


class Weekday(StrEnum):
    """The days of a week, from Monday on."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEK = tuple(Weekday)
_WHEN = "write a local time of the form 21:00"


def _local_time(value: object) -> time:
    """Read `21:00`, or TOML's own `21:00:00`."""
    try:
        read = time.fromisoformat(value) if isinstance(value, str) and ":" in value else None
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None or read.second or read.microsecond:
        raise ValueError(_WHEN)
    return read


LocalTime = Annotated[time, BeforeValidator(_local_time)]


class QuietHours(BaseModel):
    """The hours and days at which nothing of a category is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: LocalTime | None = Field(
        default=None, alias="from", description="From this local time on, such as 21:00"
    )
    until: LocalTime | None = None  # before this one; earlier than `from`: of the next day
    days: tuple[Weekday, ...] = ()  # whole days besides, such as `sunday`
    channels: tuple[ChannelName, ...] = ()  # on which channels; none named: on every one

    def problems(self, where: str) -> Iterator[str]:
        """Say which field is missing, or leaves no moment at which something may be sent."""
        if self.start is None and self.until is None and not self.days:
            yield f"{where}: give from and until, or days"
        elif self.start is None and self.until is not None:
            yield f"{where}.from: missing beside until"
        elif self.until is None and self.start is not None:
            yield f"{where}.until: missing beside from"
        elif self.start is not None and self.start == self.until:
            yield f"{where}.until: the same as from, so that the window never opens"
        if set(self.days) == set(WEEK):
            yield f"{where}.days: names every day, so that the window never opens"

    def is_quiet(self, weekday: int, at: time) -> bool:
        """Whether nothing is sent at a local time of a day; Monday is 0."""
        if WEEK[weekday] in self.days:
            return True
        if self.start is None or self.until is None:
            return False
        if self.start < self.until:
            return self.start <= at < self.until
        return at >= self.start or at < self.until

    def applies_on(self, channel: str) -> bool:
        """Whether it is quiet on a channel at all."""
        return not self.channels or channel in self.channels


def quiet_hours_problems(
    where: str, rules: Mapping[Category, QuietHours], channels: Collection[str]
) -> Iterator[str]:
    """Say what is wrong with the quiet hours of each category."""
    for category, rule in rules.items():
        yield from rule.problems(f"{where}.{category}")
        for channel in rule.channels:
            if channel not in channels:
                yield f"{where}.{category}.channels: no account serves {channel!r}"
