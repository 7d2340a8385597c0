"""Whether an account is called, by what its calls came to. Pure: the time is given, in seconds.

A breaker opens when calls show that the account or the way to it is in trouble. Then one call after
each pause probes it, and the first good response closes the breaker. What other workers
learned comes in through `learn`.

An account without a response of late is on trial during its first call, for a second at
most: where another account fits, a burst that meets revoked credentials costs one message.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 60.0
UNSENT_IN_A_ROW = 5  # calls that found no way to the provider
WINDOW_SECONDS = 30.0
WINDOW_CALLS = 100  # the most that are looked at
FEWEST_CALLS = 20  # no share of fewer says anything
BAD_SHARE = 0.5
TRUSTED_SECONDS = 60.0  # since the last response that did not blame the account
TRIAL_SECONDS = 1.0


class Trouble(StrEnum):
    """Why an account is down."""

    AUTH = "auth"  # the provider refuses the account
    OUTAGE = "outage"  # the provider can't be reached
    ERRORS = "errors"  # most calls end in errors of the provider's, or unknown


class Verdict(StrEnum):
    """What the end of one call says of its account."""

    GOOD = "good"  # the provider responded as it should, if only to refuse the message
    AUTH = "auth"
    UNSENT = "unsent"
    ERROR = "error"
    NOTHING = "nothing"  # it says something of the message only
    NO_WAY = "no_way"  # it did not get out from here, and says nothing of the account


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """An open breaker."""

    trouble: Trouble
    code: str  # of the failure that opened it
    pause: float  # from a failed probe to the next
    probe_at: float  # not before, by this process's monotonic clock


class Breaker:
    """One account's breaker, as this process knows it.

    `changes` counts what this process found out by itself; `unsaved` says that others don't know
    the last of it yet.
    """

    def __init__(
        self,
        first_pause: float = FIRST_PAUSE_SECONDS,
        longest_pause: float = LONGEST_PAUSE_SECONDS,
    ) -> None:
        self.first_pause = first_pause
        self.longest_pause = longest_pause
        self.down: Down | None = None
        self.paused = False  # by an operator
        self.changes = 0
        self.unsaved = False
        self._changed_at = float("-inf")
        self._probe_until: float | None = None  # how long this process may try its probe
        self._unsent = 0
        self._calls: deque[tuple[float, bool]] = deque(maxlen=WINDOW_CALLS)
        self._worked_at = float("-inf")
        self._trial_until = float("-inf")

    @property
    def is_closed(self) -> bool:
        """Whether calls are made as usual."""
        return self.down is None and not self.paused

    def is_on_trial(self, now: float) -> bool:
        """Whether its first call is under way, and has yet to show that the account works."""
        return now < self._trial_until

    def needs_trial(self, now: float) -> bool:
        """Whether the next call is a trial: no response of late shows that the account works."""
        return now >= self._worked_at + TRUSTED_SECONDS

    def begin_trial(self, now: float) -> None:
        """Note that a call is about to be made; it is a trial unless the account is trusted."""
        if self.needs_trial(now):
            self._trial_until = now + TRIAL_SECONDS

    def end_trial(self) -> None:
        """Note that the call is over, or was not made."""
        self._trial_until = float("-inf")

    def grant_probe(self, until: float) -> None:
        """Let one call probe the account, if its end is due before `until`; no other until then."""
        if self.down is not None:
            self.down = replace(self.down, probe_at=until)
            self._probe_until = until

    def may_probe(self, now: float, timeout: float) -> bool:
        """Whether a call of at most `timeout` seconds may probe the account now."""
        granted = self._probe_until is not None and now + timeout <= self._probe_until
        return granted and self.down is not None and not self.paused

    def take_probe(self) -> float | None:
        """Take the grant, for one call; return what gives it back unused."""
        until, self._probe_until = self._probe_until, None
        return until

    def bad_share(self, now: float) -> float:
        """Return the share of the latest calls that ended in errors; 0 where there are too few."""
        latest = [bad for at, bad in self._calls if now - at <= WINDOW_SECONDS]
        return sum(latest) / len(latest) if len(latest) >= FEWEST_CALLS else 0.0

    def wait(self, now: float) -> float:
        """Return the seconds after which a call may be possible again, while it is down."""
        if self.down is None:
            return 0.0
        return min(max(self.down.probe_at - now, 1.0), self.down.pause)

    def note(self, verdict: Verdict, code: str, *, began: float, now: float) -> None:
        """Take in the end of a call that was made while the breaker was closed."""
        self.end_trial()
        if verdict in _WORKING:
            self._worked_at = now
        if self.down is not None or began < self._changed_at or verdict in _SILENT:
            return  # it says nothing of how things are now
        self._unsent = self._unsent + 1 if verdict is Verdict.UNSENT else 0
        self._calls.append((now, verdict is Verdict.ERROR))
        if verdict is Verdict.AUTH:
            self._open(Trouble.AUTH, code, now)
        elif self._unsent >= UNSENT_IN_A_ROW:
            self._open(Trouble.OUTAGE, code, now)
        elif verdict is Verdict.ERROR and self._mostly_bad(now):
            self._open(Trouble.ERRORS, code, now)

    def note_probe(self, verdict: Verdict, code: str, now: float) -> None:
        """Take in the end of a probe: a good response closes it, any other waits longer."""
        if self.down is None or verdict in _SILENT:
            return
        if verdict is Verdict.GOOD:
            self._worked_at = now
            self._set(None, now)
            return
        pause = min(self.down.pause * 2, self.longest_pause)
        trouble = _TROUBLES[verdict]
        self._set(Down(trouble=trouble, code=code, pause=pause, probe_at=now + pause), now)

    def learn(self, down: Down | None, *, paused: bool, now: float) -> None:
        """Take in what all workers know, which includes all that this one found out."""
        self.paused = paused
        if (down is None) != (self.down is None):
            self._reset(now)
        self.down = down

    def _mostly_bad(self, now: float) -> bool:
        while self._calls and self._calls[0][0] < now - WINDOW_SECONDS:
            self._calls.popleft()
        bad = sum(was_bad for _, was_bad in self._calls)
        return len(self._calls) >= FEWEST_CALLS and bad >= BAD_SHARE * len(self._calls)

    def _open(self, trouble: Trouble, code: str, now: float) -> None:
        pause = self.first_pause
        self._set(Down(trouble=trouble, code=code, pause=pause, probe_at=now + pause), now)

    def _set(self, down: Down | None, now: float) -> None:
        self._reset(now)
        self.down = down
        self.changes += 1
        self.unsaved = True

    def _reset(self, now: float) -> None:
        self._changed_at = now
        self._unsent = 0
        self._calls.clear()
        self._probe_until = None


# Responses that only an account that may call gets.
_WORKING = frozenset({Verdict.GOOD, Verdict.NOTHING})

# Ends of calls that say nothing of how the account is.
_SILENT = frozenset({Verdict.NOTHING, Verdict.NO_WAY})

_TROUBLES = {
    Verdict.AUTH: Trouble.AUTH,
    Verdict.UNSENT: Trouble.OUTAGE,
    Verdict.ERROR: Trouble.ERRORS,
}
