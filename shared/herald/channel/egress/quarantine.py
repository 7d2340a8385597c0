"""Whether calls to one server go by one member, by what its connections came to. Pure.

The time is given, in seconds. Connections that fail put the member in quarantine; checks, which
connect and send nothing, lift it. What other workers found out comes in through `learn`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from herald.egress.codes import PROXY_AUTH, PROXY_REFUSED

FAILURES_IN_A_ROW = 3
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
TRUSTED_SECONDS = 60.0  # after a quarantine: one that comes sooner goes on where it left off
BLOCKED = "blocked"  # the provider refuses what comes from the member's address
BLOCKED_PAUSE_SECONDS = 60.0
LONGEST_BLOCKED_PAUSE_SECONDS = 3600.0
CERTAIN = frozenset({PROXY_AUTH, PROXY_REFUSED})  # one is enough: the next would fare no better


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """Why no call goes by the member, and until when at least."""

    code: str
    pause: float  # from a failed check to the next
    check_at: float  # not before, by this process's monotonic clock


class MemberHealth:
    """How one member gets on with one server, as this process knows it.

    `changes` counts what this process found out by itself; `unsaved` says that others don't know
    the last of it yet.
    """

    def __init__(self) -> None:
        self.quarantine: Quarantine | None = None
        self.draining = False  # by an operator: no new call goes by it
        self.changes = 0
        self.unsaved = False
        self._failures = 0
        self._changed_at = float("-inf")
        self._lifted_at = float("-inf")
        self._last_pause = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether new calls go by it."""
        return self.quarantine is None and not self.draining

    def wait(self, now: float) -> float:
        """Return the seconds after which it may be usable."""
        if self.quarantine is None:
            return LONGEST_PAUSE_SECONDS if self.draining else 0.0
        return min(max(self.quarantine.check_at - now, 1.0), LONGEST_PAUSE_SECONDS)

    def note_connected(self, began: float) -> None:
        """Note that a call reached the server."""
        if began >= self._changed_at:
            self._failures = 0

    def note_failed(self, code: str, *, began: float, now: float) -> None:
        """Note that a call or a check got no connection."""
        if self.quarantine is not None or began < self._changed_at:
            return  # it says nothing of how things are now
        self._failures += 1
        if code in CERTAIN or self._failures >= FAILURES_IN_A_ROW:
            self._isolate(code, now)

    def note_blocked(self, *, began: float, now: float) -> None:
        """Note that the provider refuses calls from the member's address."""
        if self.quarantine is None and began >= self._changed_at:
            pause = self._next_pause(now, BLOCKED_PAUSE_SECONDS, LONGEST_BLOCKED_PAUSE_SECONDS)
            self._set(Quarantine(code=BLOCKED, pause=pause, check_at=now + pause), now)

    def note_checked(self, code: str | None, now: float) -> None:
        """Take in the end of a check: None is a connection, which lifts the quarantine."""
        before = self.quarantine
        if before is None:
            if code is not None:
                self.note_failed(code, began=now, now=now)
            else:
                self._failures = 0
        elif code is None:
            self._last_pause, self._lifted_at = before.pause, now
            self._set(None, now)
        else:
            pause = min(before.pause * 2, LONGEST_PAUSE_SECONDS)
            self._set(Quarantine(code=code, pause=pause, check_at=now + pause), now)

    def put_off_check(self, until: float) -> None:
        """Let no check begin before then: one is under way, here or elsewhere."""
        if self.quarantine is not None:
            self.quarantine = replace(self.quarantine, check_at=until)

    def learn(self, quarantine: Quarantine | None, *, draining: bool, now: float) -> None:
        """Take in what all workers know, which includes all that this one found out."""
        self.draining = draining
        if self.quarantine is not None and quarantine is None:
            self._last_pause, self._lifted_at = self.quarantine.pause, now
        if (quarantine is None) != (self.quarantine is None):
            self._changed_at, self._failures = now, 0
        self.quarantine = quarantine

    def _isolate(self, code: str, now: float) -> None:
        pause = self._next_pause(now, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)
        self._set(Quarantine(code=code, pause=pause, check_at=now + pause), now)

    def _next_pause(self, now: float, first: float, longest: float) -> float:
        """Return a pause twice as long as the last one if that is only just over."""
        if now - self._lifted_at >= TRUSTED_SECONDS:
            return first
        return min(max(self._last_pause * 2, first), longest)

    def _set(self, quarantine: Quarantine | None, now: float) -> None:
        self.quarantine = quarantine
        self._changed_at, self._failures = now, 0
        self.changes += 1
        self.unsaved = True
