"""Calls after which the provider surely has nothing: their work is given back, and no try is used.

The provider could not be reached, or it throttled the call and processed nothing. Pure.
"""

from __future__ import annotations

from datetime import timedelta

from herald.channel.planning import Later
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.providers.sending import NotSent, Refused, SendResult

THROTTLED = "throttled"
FIRST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(minutes=2)
_MAX_DOUBLINGS = 7  # past the longest wait


def not_taken(result: SendResult, work: Work) -> Later | None:
    """Return when the call may be made again; None where the provider has it, or refused it.

    Who is throttled again and again waits longer each time, whatever the provider asks.
    """
    if isinstance(result, NotSent):
        return Later(result.code, result.wait)
    if not isinstance(result, Refused) or result.scope is None:
        return None
    doublings = min(work.dispatch - 1, _MAX_DOUBLINGS)
    wait = max(
        min(FIRST_WAIT * 2**doublings, LONGEST_WAIT), result.failure.retry_after or FIRST_WAIT
    )
    failure = Failure.of(result.failure.failure_class, result.failure.code)
    return Later(THROTTLED, wait, failure=failure)
