"""What became of a call, as the receipt the router reads. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.grants import Grant
from herald.contracts.receipts import Return, bounded_element
from herald.contracts.text import storable
from herald.contracts.vocabulary import FailureClass, Receipts, Status
from herald.contracts.work import Work
from herald.providers.sending import Accepted, CallResult, Refused

NO_ACCOUNT = Failure.of(FailureClass.AUTH, "no_account", "no account may make this call")
NO_ACCOUNT_IN_ORDER = Failure.of(
    FailureClass.AUTH, "no_account", "the provider refuses every account that may make this call"
)
SHORTEST_WAIT = timedelta(milliseconds=1)


def report(
    work: Work,
    result: CallResult,
    now: datetime,
    *,
    provider: str,
    account: str,
    receipts: Receipts | None,
) -> AttemptReport:
    """Report how a call ended."""
    return AttemptReport(
        source="channel",
        channel=work.channel,
        provider=provider,
        account=account,
        attempt_id=work.attempt_id,
        event_key=dispatch_key(work),
        dispatch=work.dispatch,
        lane=work.lane,
        occurred_at=now,
        received_at=now,
        element=bounded_element(result.element),
        **_end(result, receipts),
    )


def _end(result: CallResult, receipts: Receipts | None) -> dict[str, Any]:
    """Say what the call came to, in the fields that depend on it."""
    if isinstance(result, Accepted):
        return {
            "status": Status.ACCEPTED,
            "references": storable_all(result.references),
            "receipts": result.receipts or receipts,
        }
    if isinstance(result, Refused):
        return {
            "references": (),
            "status": Status.FAILED,
            "failure": result.failure.model_copy(update={"text": storable(result.failure.text)}),
            "outside_window": result.outside_window,
        }
    failure = Failure.of(FailureClass.AMBIGUOUS, result.code)
    return {"references": (), "status": Status.UNKNOWN, "failure": failure}


def returned(
    work: Work,
    reason: str,
    now: datetime,
    *,
    wait: timedelta | None = None,
    failure: Failure | None = None,
    grant: Grant | None = None,
) -> AttemptReport:
    """Give work back: no provider has it. A call may be made in `wait`, as far as we know."""
    shortest = None if wait is None else max(wait, SHORTEST_WAIT)
    return AttemptReport(
        source="channel",
        channel=work.channel,
        provider="",
        account="",
        attempt_id=work.attempt_id,
        references=(),
        status=Status.RETURNED,
        event_key=dispatch_key(work),
        dispatch=work.dispatch,
        lane=work.lane,
        failure=failure,
        returned=Return(reason=reason, wait=shortest, grant=grant),
        received_at=now,
    )


def lease_ended(
    attempt_id: str, channel: str, provider: str, account: str, now: datetime
) -> AttemptReport:
    """Report that a claimed attempt was never reported: its worker died, or could not record."""
    return AttemptReport(
        source="channel",
        channel=channel,
        provider=provider,
        account=account,
        attempt_id=attempt_id,
        references=(),
        status=Status.UNKNOWN,
        failure=Failure.of(FailureClass.AMBIGUOUS, "lease_ended", "its worker did not report"),
        event_key="lease",
        received_at=now,
    )


def storable_all(words: tuple[str, ...]) -> tuple[str, ...]:
    """Make a provider's words fit to be stored and published."""
    return tuple(map(storable, words))


def dispatch_key(work: Work) -> str:
    """Name a report by the dispatch it answers."""
    return f"dispatch:{work.dispatch}"
