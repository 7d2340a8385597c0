"""What ingress counts: by configured names, never by a caller's word."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import cache

from prometheus_client import Counter, Histogram

from herald.contracts.metrics import ingress as definitions
from herald.providers.lenient_json import Reason
from herald.service.instruments import counter, gauge, histogram

KINDS = ("attempt", "inbound", "account")  # of receipts
UNKNOWN = "unknown"  # stands for every provider that there is not, and every other account


class Result(StrEnum):
    """What became of one webhook request; the values of the label `outcome`."""

    ACCEPTED = "accepted"  # verified, and all that it holds is on the bus
    KEPT = "kept"  # verified, and on disk what the bus did not take
    NOT_AUTHENTIC = "not_authentic"
    NOT_READABLE = "not_readable"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    ENCODED = "encoded"  # with a content encoding, which nobody needs and zip bombs use
    WRONG_METHOD = "wrong_method"
    UNAVAILABLE = "unavailable"  # our trouble: the provider is asked to try again
    DISCONNECTED = "disconnected"  # the caller left before its body was whole


class UnsubscribeResult(StrEnum):
    """What became of one request to an unsubscribe link; the values of the label `outcome`."""

    ACCEPTED = "accepted"  # unsubscribed, on the bus
    KEPT = "kept"  # unsubscribed, and on disk while the bus is away
    SHOWN = "shown"  # the page that asks; nothing is changed
    NOT_AUTHENTIC = "not_authentic"  # no link of ours
    NOT_READABLE = "not_readable"  # posted without the field of RFC 8058
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    WRONG_METHOD = "wrong_method"
    UNAVAILABLE = "unavailable"  # our trouble
    DISCONNECTED = "disconnected"


_AUTHENTIC = {Result.ACCEPTED, Result.KEPT, Result.NOT_READABLE}  # no unknown caller comes so far

WEBHOOKS = counter(definitions.WEBHOOKS)
WEBHOOK_SECONDS = histogram(definitions.WEBHOOK_SECONDS)
RECEIPTS = counter(definitions.WEBHOOK_RECEIPTS)
IGNORED = counter(definitions.WEBHOOK_IGNORED)
QUARANTINED = counter(definitions.WEBHOOK_QUARANTINED)
UNSUBSCRIBES = counter(definitions.UNSUBSCRIBES)
ATTACHMENTS = counter(definitions.ATTACHMENTS)
ATTACHMENTS_BYTES = gauge(definitions.ATTACHMENTS_BYTES)
SPOOL_KEPT = counter(definitions.SPOOL_KEPT)
SPOOL_PUBLISHED = counter(definitions.SPOOL_PUBLISHED)
SPOOL_MESSAGES = gauge(definitions.SPOOL_MESSAGES)
SPOOL_BYTES = gauge(definitions.SPOOL_BYTES)
SPOOL_AGE = gauge(definitions.SPOOL_AGE_SECONDS)


def initialise(accounts: Iterable[tuple[str, str]]) -> None:
    """Make every series of these accounts, each with its provider, and of unknown callers."""
    known = set(accounts)
    providers = {provider for provider, _ in known}
    for labels in known:
        for result in Result:
            webhooks(*labels, result)
        for kind in KINDS:
            receipts(*labels, kind)
        for reason in Reason:
            QUARANTINED.labels(*labels, reason)
        IGNORED.labels(*labels)
    for outcome in UnsubscribeResult:
        unsubscribes(outcome)
    for what in ("kept", "dropped"):
        ATTACHMENTS.labels(what)
    for provider in providers:
        SPOOL_KEPT.labels(provider)
    for provider in providers | {UNKNOWN}:
        webhook_seconds(provider)
        for result in set(Result) - _AUTHENTIC:
            webhooks(provider, UNKNOWN, result)


@cache
def unsubscribes(result: UnsubscribeResult) -> Counter:
    """Return the counter of one result of unsubscribe links."""
    return UNSUBSCRIBES.labels(result)


@cache
def webhooks(provider: str, account: str, result: Result) -> Counter:
    """Return the counter of one result. Kept, for looking it up costs more than counting."""
    return WEBHOOKS.labels(provider, account, result)


@cache
def webhook_seconds(provider: str) -> Histogram:
    """Return the histogram of one provider; kept likewise."""
    return WEBHOOK_SECONDS.labels(provider)


@cache
def receipts(provider: str, account: str, kind: str) -> Counter:
    """Return the counter of one kind of receipt; kept likewise."""
    return RECEIPTS.labels(provider, account, kind)
