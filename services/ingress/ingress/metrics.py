"""What ingress counts. Labels are closed sets: configured names, never an id or a caller's word."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from herald.providers.lenient_json import Reason

KINDS = ("attempt", "inbound", "account")  # of receipts
UNKNOWN = "unknown"  # stands for every provider that there is not, and every other account


class Outcome(StrEnum):
    """What became of one webhook call."""

    ACCEPTED = "accepted"  # verified, and all that it told is on the bus
    KEPT = "kept"  # verified, and on disk what the bus did not take
    NOT_AUTHENTIC = "not_authentic"
    NOT_READABLE = "not_readable"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"
    ENCODED = "encoded"  # with a content encoding, which nobody needs and zip bombs use
    WRONG_METHOD = "wrong_method"
    UNAVAILABLE = "unavailable"  # our trouble: the provider is asked to come again
    DISCONNECTED = "disconnected"  # the caller left before its body was whole


WEBHOOKS = Counter(
    "herald_webhooks_total",
    "Webhook calls by what became of them",
    ["provider", "account", "outcome"],
)
WEBHOOK_SECONDS = Histogram(
    "herald_webhook_seconds",
    "From the head of a webhook call to its answer",
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
    "Parts of webhooks that are nothing to Herald",
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
    """Make every series of these accounts, each with its provider, and of strangers' calls.

    An increase from nothing is unseen.
    """
    for provider, account in accounts:
        for outcome in Outcome:
            webhooks(provider, account, outcome)
        for kind in KINDS:
            receipts(provider, account, kind)
        for reason in Reason:
            QUARANTINED.labels(provider, account, reason)
        IGNORED.labels(provider, account)
        SPOOL_KEPT.labels(provider)
        webhook_seconds(provider)
    webhooks(UNKNOWN, UNKNOWN, Outcome.NOT_AUTHENTIC)


@cache
def webhooks(provider: str, account: str, outcome: Outcome) -> Counter:
    """Return the counter of one outcome. Kept, for looking it up costs more than counting."""
    return WEBHOOKS.labels(provider, account, outcome)


@cache
def webhook_seconds(provider: str) -> Histogram:
    """Return the histogram of one provider; kept likewise."""
    return WEBHOOK_SECONDS.labels(provider)


@cache
def receipts(provider: str, account: str, kind: str) -> Counter:
    """Return the counter of one kind of receipt; kept likewise."""
    return RECEIPTS.labels(provider, account, kind)
