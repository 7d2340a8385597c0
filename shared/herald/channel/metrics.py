"""A channel's domain metrics. Labels are closed sets."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

from herald.contracts.vocabulary import FailureClass

ACCEPTED, FAILED, NOT_SENT, UNKNOWN = (
    "accepted",
    "failed",
    "not_sent",
    "unknown",
)  # results of calls

SENDS = Counter(
    "herald_sends_total",
    "Calls made, by how they ended",
    ["channel", "provider", "account", "result", "failure_class"],
)
SEND_SECONDS = Histogram(
    "herald_send_seconds",
    "Duration of a provider call",
    ["channel", "provider", "account"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
RETURNED = Counter("herald_returned_total", "Work given back without a call", ["channel", "reason"])
REDELIVERED = Counter(
    "herald_redelivered_total", "Work that had a row already, by its state", ["channel", "state"]
)
IN_FLIGHT = Gauge("herald_sends_in_flight", "Calls under way", ["channel"])
RECORD_SIZE = Histogram(
    "herald_record_batch_size",
    "Reports recorded together",
    ["channel"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
)
LEASES_ENDED = Counter("herald_leases_ended_total", "Claims that nobody reported", ["channel"])
REPUBLISHED = Counter("herald_reports_republished_total", "Reports published again", ["channel"])
ACCOUNT_UP = Gauge(
    "herald_account_up",
    "1 while an account takes calls, 0 while it is down or paused",
    ["channel", "account"],
)


def initialise(channel: str, accounts: Mapping[str, str]) -> None:
    """Make every series of a channel and its accounts, each with its provider.

    An increase from nothing is unseen.
    """
    for account, provider in accounts.items():
        SEND_SECONDS.labels(channel, provider, account)
        for result in (ACCEPTED, NOT_SENT, UNKNOWN):
            SENDS.labels(channel, provider, account, result, "")
        for failure_class in FailureClass:
            SENDS.labels(channel, provider, account, FAILED, failure_class.value)
    for metric in (IN_FLIGHT, RECORD_SIZE, LEASES_ENDED, REPUBLISHED):
        metric.labels(channel)
