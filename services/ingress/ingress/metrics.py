"""What ingress counts. Labels are closed sets: configured names, never an id or a caller's word."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from herald.providers.lenient_json import Reason

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


WEBHOOKS = Counter(
    "herald_webhooks_total",
    "Webhook requests by what became of them",
    ["provider", "account", "outcome"],
)
WEBHOOK_SECONDS = Histogram(
    "herald_webhook_seconds",
    "From the head of a webhook request to its response",
    ["provider"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
RECEIPTS = Counter(
    "herald_webhook_receipts_total",
    "Receipts read from webhooks",
    ["provider", "account", "kind"],
)
IGNORED = Counter(
    "herald_webhook_ignored_total",
    "Parts of webhooks that do not concern Herald",
    ["provider", "account"],
)
QUARANTINED = Counter(
    "herald_webhook_quarantined_total",
    "Parts of webhooks that were not understood and set aside",
    ["provider", "account", "reason"],
)
SPOOL_KEPT = Counter(
    "herald_spool_kept_total",
    "Messages kept on disk because the bus did not take them",
    ["provider"],
)
SPOOL_PUBLISHED = Counter(
    "herald_spool_published_total", "Messages that came from the spool to the bus"
)
SPOOL_BYTES = Gauge("herald_spool_bytes", "Bytes that wait in the spool")
SPOOL_AGE = Gauge("herald_spool_age_seconds", "How long the oldest message of the spool has waited")


def initialise(accounts: Iterable[tuple[str, str]]) -> None:
    """Make every series of these accounts, each with its provider, and of unknown callers.

    An increase from nothing is unseen.
    """
    for provider, account in accounts:
        for result in Result:
            webhooks(provider, account, result)
        for kind in KINDS:
            receipts(provider, account, kind)
        for reason in Reason:
            QUARANTINED.labels(provider, account, reason)
        IGNORED.labels(provider, account)
        SPOOL_KEPT.labels(provider)
        webhook_seconds(provider)
    webhooks(UNKNOWN, UNKNOWN, Result.NOT_AUTHENTIC)


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
