"""How a limit follows what its platform allows. Pure: the time is the database's, in seconds.

A throttled call lowers the rate: by much where nothing is known, by little where the rate rose to a
ceiling that it had met before. Good answers raise it again: doubling far below the ceiling, evenly
up to it, and slowly near it; each time the same ceiling is met the next try takes longer. All
workers share one state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

HARD = 0.7  # what is left of the rate after a throttled call
MIDDLE = 0.85  # likewise, where a gentle decrease was not enough
GENTLE = 0.97  # likewise, where the rate had risen since the last one
GENTLE_HELD = 0.95  # likewise, where the platform also holds all calls for a while
OVER = 1.5  # a tenth of the calls throttled takes 15 % of the rate, and so on up to those above
FLOOR = 0.02  # of the configured rate: something shows that the platform allows more again
SETTLE_SECONDS = 0.5  # from a decrease until every call begins at the new rate
QUIET_SECONDS = 2.0  # from a decrease until the rate rises again
DOUBLING_BELOW, NEAR_FROM, NEAR_TO = 0.5, 0.95, 1.1  # shares of the ceiling
MET_FROM = 0.98  # likewise: below it calls that came together met a ceiling of their own
FAST = 0.05  # of the ceiling in a second
SLOW = 0.004  # likewise, near it
MOST_PROBES = 2  # the slow rise is halved as often at most
COUNTED_SECONDS = 1.0  # that one good answer stands for at most

LONGEST_HOLD_SECONDS = 900.0  # whatever one response asks for
PAIR_BASE = 4.0  # Meta: wait 4^n seconds after the n-th error of a pair
MOST_BACKOFFS = 5
PAIR_CALM_SECONDS = 600.0  # after that n begins at 0 again

CLOCK_STEP_SECONDS = 60.0  # of the database's: what lies further ahead is no time to wait for

OPENING_SHARE = FLOOR  # of an account that was down
OPENING_RATE = 5.0  # calls a second that it may make at once in any case


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """What answers taught of one budget."""

    factor: float = 1.0  # the share of the configured rate that is given now
    ceiling: float = 1.0  # the share at which the platform throttled last
    decreased_at: float | None = None
    recovered_at: float | None = None  # up to when recovery was counted
    probes: int = 0  # how often the same ceiling was met again
    blocked_until: float | None = None
    asked_until: float | None = None  # what the provider asked for, however long
    backoff: int = 0  # n of a pair's 4^n


def throttled(
    state: Adaptation,
    now: float,
    *,
    called_at: float | None = None,
    share: float = 1.0,
    retry_after: float | None = None,
    is_pair: bool = False,
) -> Adaptation:
    """Return the state after a throttled call; one that began at an older rate says nothing new.

    `share`: of the calls at this rate, those that were throttled: few of them lower it by little.
    """
    if is_pair:
        return _backed_off(state, now, retry_after)
    held = state if retry_after is None else _blocked(state, now, retry_after)
    if _is_within(SETTLE_SECONDS, state.decreased_at, now if called_at is None else called_at):
        return held
    gentle = GENTLE if retry_after is None else GENTLE_HELD
    left = max(_left(state, gentle), min(1.0 - OVER * share, gentle))
    return replace(
        held,
        factor=max(state.factor * left, min(FLOOR, state.factor)),
        ceiling=state.factor,
        decreased_at=now,
        probes=min(state.probes + 1, MOST_PROBES) if left > HARD and _is_met(state) else 0,
    )


def worked(state: Adaptation, now: float, *, is_probe: bool = False) -> Adaptation:
    """Return the state after a good answer; one that went through a hold ends it."""
    if is_probe:
        state = replace(state, blocked_until=None, asked_until=None)
    if state.factor >= 1.0 or _is_within(QUIET_SECONDS, state.decreased_at, now):
        return state
    counted = now - max(state.recovered_at or 0.0, (state.decreased_at or 0.0) + QUIET_SECONDS)
    return _risen(state, min(max(counted, 0.0), COUNTED_SECONDS), now)


def reopened(state: Adaptation, now: float, *, rate: float) -> Adaptation:
    """Return the state of an account that was down: it opens gradually, whatever waits for it."""
    opening = min(1.0, max(OPENING_SHARE, OPENING_RATE / rate))
    if state.factor <= opening:
        return state
    return replace(state, factor=opening, decreased_at=None, recovered_at=now, probes=0)


def _risen(state: Adaptation, seconds: float, now: float) -> Adaptation:
    factor, ceiling = state.factor, state.ceiling
    if factor < DOUBLING_BELOW * ceiling:
        factor = min(factor * 2.0**seconds, max(DOUBLING_BELOW * ceiling, factor))
    elif _is_near(state) and state.decreased_at is not None:
        # past it all may be new
        past = (factor / ceiling - 1) / (NEAR_TO - 1)
        pace = SLOW / 2**state.probes if past < 0 else 2 * SLOW + (FAST - 2 * SLOW) * past
        factor += pace * ceiling * seconds
    else:
        factor += FAST * ceiling * seconds
    return replace(state, factor=min(factor, 1.0), recovered_at=now)


def _is_near(state: Adaptation) -> bool:
    return NEAR_FROM * state.ceiling <= state.factor < NEAR_TO * state.ceiling


def _is_met(state: Adaptation) -> bool:
    return MET_FROM * state.ceiling <= state.factor < NEAR_TO * state.ceiling


def _left(state: Adaptation, gentle: float) -> float:
    """Return what share of the rate a throttled call leaves at least."""
    if state.decreased_at is None:
        return HARD
    if (state.recovered_at or 0.0) > state.decreased_at:
        return gentle
    return MIDDLE if state.factor >= GENTLE_HELD * state.ceiling else HARD


def _backed_off(state: Adaptation, now: float, retry_after: float | None) -> Adaptation:
    """Wait 4^n seconds; errors of calls that were under way together count once."""
    if state.blocked_until is not None and now < state.blocked_until:
        return state if retry_after is None else _blocked(state, now, retry_after)
    calm = now - (state.blocked_until or now) > PAIR_CALM_SECONDS
    backoff = 0 if calm else state.backoff
    held = _blocked(state, now, max(PAIR_BASE**backoff, retry_after or 0.0))
    return replace(held, backoff=min(backoff + 1, MOST_BACKOFFS))


def _is_within(seconds: float, since: float | None, now: float) -> bool:
    """Whether less than `seconds` went by; also where the change is newer than the call.

    A clock that was set back holds nothing up for long.
    """
    return since is not None and -CLOCK_STEP_SECONDS < now - since < seconds


def _blocked(state: Adaptation, now: float, seconds: float) -> Adaptation:
    until = now + min(seconds, LONGEST_HOLD_SECONDS)
    return replace(
        state,
        blocked_until=max(until, state.blocked_until or until),
        asked_until=max(now + seconds, state.asked_until or 0.0),
    )
