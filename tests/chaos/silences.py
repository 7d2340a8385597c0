"""Whether silence was truly silence, judged by what providers did and not by what we know. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chaos.webhook_tries import RECEIVED, Try

# The sandbox reports a delivery 4.1 s after the request at the latest; a report that sets out later
# waited behind others that hang.
SPEAKS_WITHIN_SECONDS = 5.0
TOLERANCE_SECONDS = 0.5  # between the sandbox's note of a request and our own


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A fallback because nobody spoke of `attempt`. Times are seconds since 1970.

    `recorded_at` is the router's word, whose clock may be wrong; `asked_at` and `next_asked_at` are
    the sandbox's, when it got the attempt and the one that followed it (None: it never did).
    """

    attempt: str
    recorded_at: float
    asked_at: float
    next_asked_at: float | None

    def decided_at(self, fallback_after: float) -> float:
        """Return when the router decided, by a clock that is right."""
        not_before = max(self.recorded_at, self.asked_at + fallback_after)
        if self.next_asked_at is None:
            return not_before
        return min(not_before, self.next_asked_at)


def false_silences(
    silences: Iterable[Silence], tries: Sequence[Try], fallback_after: float
) -> dict[str, str]:
    """Return the attempts that were not silent, or not for long enough, each with the reason."""
    tries_of: dict[str, list[Try]] = {}
    for one in tries:
        if one.status in RECEIVED:
            for attempt in one.attempts:
                tries_of.setdefault(attempt, []).append(one)
    found = {}
    for silence in silences:
        decided_at = silence.decided_at(fallback_after)
        reason = _word_before(silence, tries_of.get(silence.attempt, ()), decided_at)
        if decided_at - silence.asked_at < fallback_after - TOLERANCE_SECONDS:
            reason = f"judged {decided_at - silence.asked_at:.1f} s after the request"
        if reason is not None:
            found[silence.attempt] = reason
    return found


def _word_before(silence: Silence, tries: Sequence[Try], moment: float) -> str | None:
    """Say how a provider's word was on its way to us at `moment`; None: it was not.

    A provider that has given up by then is truly silent, though it once had something to say.
    """
    for one in tries:
        if one.taken and one.ended is not None and one.ended <= moment:
            return f"we took the report {moment - one.ended:.1f} s before"
    if not tries:
        return None
    began = min(silence.asked_at + SPEAKS_WITHIN_SECONDS, *(one.began for one in tries))
    ended = max(one.ended if one.ended is not None else math.inf for one in tries)
    if began <= moment < ended:
        return f"the provider had been trying for {moment - began:.1f} s"
    return None


def silences_of(
    rows: Iterable[Mapping[str, object]], requests: Sequence[Mapping[str, object]]
) -> list[Silence]:
    """Join fallbacks by silence with the requests that the sandbox noted before and after."""
    asked: dict[str, float] = {}  # when, by attempt, and by step for the first try of it
    for request in requests:
        for name in (str(request["attempt"]), str(request["attempt"]).rpartition(".")[0]):
            asked.setdefault(name, _seconds(request))
    return [
        Silence(
            attempt=str(row["attempt_id"]),
            recorded_at=float(str(row["recorded_at"])),
            asked_at=asked.get(str(row["attempt_id"]), float(str(row["recorded_at"]))),
            next_asked_at=asked.get(_next_step(str(row["attempt_id"]))),
        )
        for row in rows
    ]


def _next_step(attempt: str) -> str:
    message, step, _ = attempt.rsplit(".", 2)
    return f"{message}.{int(step) + 1}"


def _seconds(request: Mapping[str, object]) -> float:
    return datetime.fromisoformat(str(request["at"])).timestamp()
