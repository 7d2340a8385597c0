"""The times that a provider writes, in every form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from herald.conformance.checks import Check, Needs
from herald.conformance.status_checks import accounted, counted, one_receipt
from herald.conformance.trial import Trial, receipts_of
from herald.conformance.verdicts import require
from herald.contracts.receipts import AttemptReceipt
from herald.providers.subject_sending import Without

_LOOK = "where webhooks.py reads the time"
_ABSURD: tuple[Any, ...] = (
    *(0, -1, 10**30, -(10**30), 1e308, 10**18, "0", "-1", "1e9", "9" * 200, "", " ", "soon"),
    *("2026-13-45T99:99:99Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "\u0660" * 10),
    *("2026-01-19T12:00:00+99:99", "\u0000", None, True, [], {}, [1768824000]),
)
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


async def forms(trial: Trial) -> None:
    """Read every form of the time as the moment it means."""
    times = trial.webhooks.times
    assert not isinstance(times, Without)
    for written, expected in times:
        seen = one_receipt(trial, trial.status(at=written)).occurred_at
        require(seen == expected, f"{written!r} to mean {expected}", seen, _LOOK)
        is_aware = seen is None or seen.tzinfo is not None
        require(is_aware, f"{written!r} to have a zone", seen, _LOOK)


async def absurd(trial: Trial) -> None:
    """Keep an event whose time means nothing."""
    for written in _ABSURD:
        try:
            element = trial.status(at=written)
            call = trial.call(element)
        except (TypeError, ValueError, AttributeError):
            continue  # the provider's form has no room for such a value
        found = trial.endpoint().normalise(trial.request(call))
        require(
            accounted(found) >= 1, f"an event of the time {written!r:.40}", counted(found), _LOOK
        )
        for receipt in receipts_of(found):
            assert isinstance(receipt, AttemptReceipt)
            at = receipt.occurred_at
            is_sane = at is None or _EARLIEST <= at < _LATEST
            require(is_sane, f"no time for {written!r:.40}, or one of this century", at, _LOOK)


CHECKS = (
    Check("time_forms", "Every form of the time is read as it is meant.", Needs.TIMES, forms),
    Check("time_absurd", "An event with an absurd time is kept.", Needs.TIMES, absurd),
)
