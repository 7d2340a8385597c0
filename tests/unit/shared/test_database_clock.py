"""The database's time as a process knows it between readings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from herald.database.clock import LONGEST_READING_SECONDS, DatabaseClock

SERVER_TIME = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(slots=True)
class Monotonic:
    """A monotonic clock set by hand."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


def _read(clock: DatabaseClock, monotonic: Monotonic, took: float, server_time: datetime) -> None:
    asked_at = clock.started_reading()
    monotonic.seconds += took
    clock.note(asked_at, server_time)


def test_the_machines_clock_does_until_the_first_reading() -> None:
    """Before the database was asked the time is the machine's own."""
    before = datetime.now(UTC)
    assert before <= DatabaseClock().now() <= datetime.now(UTC)


def test_time_goes_on_by_the_monotonic_clock() -> None:
    """Between readings the server's time advances, whatever the machine's clock is set to."""
    monotonic = Monotonic()
    clock = DatabaseClock(monotonic)
    _read(clock, monotonic, 0.0, SERVER_TIME)
    monotonic.seconds += 30
    assert clock.now() == SERVER_TIME + timedelta(seconds=30)


def test_a_reading_is_of_the_middle_of_its_round_trip() -> None:
    """The server read its clock somewhere on the way: the middle halves the error."""
    monotonic = Monotonic()
    clock = DatabaseClock(monotonic)
    _read(clock, monotonic, 0.25, SERVER_TIME)
    assert clock.now() == SERVER_TIME + timedelta(seconds=0.125)


def test_a_vague_reading_replaces_no_good_one() -> None:
    """A process that was suspended while it asked does not set its time by the answer."""
    monotonic = Monotonic()
    clock = DatabaseClock(monotonic)
    _read(clock, monotonic, 0.0, SERVER_TIME)
    _read(clock, monotonic, 16.0, SERVER_TIME)
    assert clock.now() == SERVER_TIME + timedelta(seconds=16)


def test_a_later_reading_follows_the_server() -> None:
    """After a failover to a server whose clock differs the time is the new server's."""
    monotonic = Monotonic()
    clock = DatabaseClock(monotonic)
    _read(clock, monotonic, 0.0, SERVER_TIME)
    moved = SERVER_TIME - timedelta(minutes=5)
    _read(clock, monotonic, LONGEST_READING_SECONDS, moved)
    assert clock.now() == moved + timedelta(seconds=LONGEST_READING_SECONDS / 2)
