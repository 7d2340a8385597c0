"""A channel's domain metrics."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product

from herald.channel.sends import RECORDED, STARTED, WITHDRAWN
from herald.channel.sends import UNKNOWN as UNKNOWN_ROW
from herald.contracts.metrics import channel as definitions
from herald.contracts.vocabulary import FailureClass, Lane
from herald.egress.codes import NO_EGRESS
from herald.files.failures import CODES, FETCHED
from herald.providers.budgets import Scope
from herald.service.instruments import begin_series, counter, gauge, histogram

ACCEPTED, FAILED, NOT_SENT, UNKNOWN = (
    "accepted",
    "failed",
    "not_sent",
    "unknown",
)  # results of calls

SENDS = counter(definitions.SENDS)
SEND_SECONDS = histogram(definitions.SEND_SECONDS)
IN_FLIGHT = gauge(definitions.SENDS_IN_FLIGHT)
RETURNED = counter(definitions.RETURNED)
REDELIVERED = counter(definitions.REDELIVERED)
RECORD_SIZE = histogram(definitions.RECORD_BATCH_SIZE)
LEASES_ENDED = counter(definitions.LEASES_ENDED)
REPUBLISHED = counter(definitions.REPORTS_REPUBLISHED)
ACCOUNT_UP = gauge(definitions.ACCOUNT_UP)
THROTTLED = counter(definitions.THROTTLED)
RATE_SHARE = gauge(definitions.RATE_SHARE)
LIMIT_GRANTED = counter(definitions.LIMIT_GRANTED)
LIMIT_QUEUED = counter(definitions.LIMIT_QUEUED)
LIMIT_WAITING = gauge(definitions.LIMIT_WAITING)
FILES = counter(definitions.FILES)
FILES_HELD = gauge(definitions.FILES_HELD)

# kept, for looking them up costs more than counting
limit_granted = cache(LIMIT_GRANTED.labels)
limit_queued = cache(LIMIT_QUEUED.labels)
limit_waiting = cache(LIMIT_WAITING.labels)


def initialise(channel: str, accounts: Mapping[str, str]) -> None:
    """Make every series of a channel and its accounts, each with its provider."""
    for account, provider in accounts.items():
        labels = ([channel], [provider], [account])
        begin_series(SEND_SECONDS, product(*labels))
        begin_series(SENDS, product(*labels, (ACCEPTED, NOT_SENT, UNKNOWN), [""]))
        begin_series(SENDS, product(*labels, [FAILED], FailureClass))
        begin_series(THROTTLED, product(*labels, Scope))
        RATE_SHARE.labels(channel, account).set(1)
    # an alert asks for its increase; the other reasons, of any number, begin with their first use
    begin_series(RETURNED, [(channel, NO_EGRESS)])
    begin_series(IN_FLIGHT, product([channel], accounts))
    begin_series(LEASES_ENDED, product([channel], accounts))
    begin_series(LIMIT_GRANTED, product([channel], accounts))
    begin_series(LIMIT_QUEUED, product([channel], accounts))
    begin_series(LIMIT_WAITING, product([channel], Lane))
    begin_series(RECORD_SIZE, [(channel,)])
    begin_series(REPUBLISHED, [(channel,)])
    begin_series(REDELIVERED, product([channel], (WITHDRAWN, STARTED, UNKNOWN_ROW, RECORDED)))
    begin_series(FILES, product([channel], (FETCHED, *CODES)))
    begin_series(FILES_HELD, [(channel,)])
