"""Quotas: what is left of them, and what a step does when that is nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from herald.config.quotas import Quota
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from router.core.clearance import Clearance, Refusal, Wait

QUOTA = "quota"
_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used of a quota in the period that began at `since`."""

    since: datetime
    messages: int = 0
    spent: Decimal = Decimal(0)


Usage = Mapping[str, Used]  # of a tenant's quotas, by name


def period_start(quota: Quota, now: datetime) -> datetime:
    """Return when the quota's present period began."""
    return _FIRST_DAY + (now - _FIRST_DAY) // quota.per * quota.per


def used_in(quota: Quota, used: Used | None, now: datetime) -> Used:
    """Return what is used in the present period; a clock that went back begins no other one."""
    start = period_start(quota, now)
    return used if used is not None and used.since >= start else Used(since=start)


def charge(
    quotas: Mapping[str, Quota], usage: Usage, channel: str, cost: Decimal, now: datetime
) -> tuple[Clearance | None, Usage]:
    """Charge a step that is about to start, or say why it may not; then nothing is charged."""
    charged = dict(usage)
    for name, quota in quotas.items():
        if not quota.counts(channel):
            continue
        used = used_in(quota, usage.get(name), now)
        after = replace(used, messages=used.messages + 1, spent=used.spent + cost)
        if share_used(quota, after, now) > 1:
            return _used_up(name, quota, used), usage
        charged[name] = after
    return None, charged


def give_back(
    quotas: Mapping[str, Quota], usage: Usage, channel: str, cost: Decimal, now: datetime
) -> Usage:
    """Take back the charge of a step that did not start after all."""
    left = dict(usage)
    for name, quota in quotas.items():
        used = usage.get(name)
        if used is not None and quota.counts(channel) and used.since >= period_start(quota, now):
            messages, spent = max(0, used.messages - 1), max(Decimal(0), used.spent - cost)
            left[name] = replace(used, messages=messages, spent=spent)
    return left


def share_used(quota: Quota, used: Used | None, now: datetime) -> Decimal:
    """Return how much of a quota is used in its present period; of two limits, the nearer one."""
    present = used_in(quota, used, now)
    shares = [Decimal(0)]
    if quota.messages is not None:
        shares.append(Decimal(present.messages) / quota.messages)
    if quota.spend is not None:
        shares.append(present.spent / quota.spend.amount)
    return max(shares)


def _used_up(name: str, quota: Quota, used: Used) -> Clearance:
    if quota.then == "wait":
        return Clearance(wait=Wait(used.since + quota.per, QUOTA))
    text = f"the quota {name} of its tenant is used up until {used.since + quota.per:%FT%TZ}"
    failure = Failure(failure_class=FailureClass.RATE_LIMITED, code=QUOTA, text=text)
    return Clearance(refusal=Refusal(QUOTA, failure))
