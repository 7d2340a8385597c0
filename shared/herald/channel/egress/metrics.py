"""The egress's domain metrics."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from herald.channel.egress.choosing import Reason
from herald.channel.metrics import ACCEPTED, FAILED, NOT_SENT, UNKNOWN
from herald.contracts.metrics import egress as definitions
from herald.providers.sending import Accepted, NotSent, Refused, SendResult, Uncertain
from herald.service.instruments import begin_series, counter, gauge

UP = gauge(definitions.EGRESS_UP)
SENDS = counter(definitions.EGRESS_SENDS)
FAILURES = counter(definitions.EGRESS_FAILURES)
MOVES = counter(definitions.EGRESS_MOVES)

RESULTS: dict[type[SendResult], str] = {
    Accepted: ACCEPTED,
    Refused: FAILED,
    NotSent: NOT_SENT,
    Uncertain: UNKNOWN,
}


def initialise(channel: str, members: Iterable[tuple[str, str]]) -> None:
    """Make every series of a channel and its members, each with a provider."""
    begin_series(MOVES, product([channel], Reason))
    for egress, provider in members:
        UP.labels(channel, egress, provider).set(1)
        begin_series(SENDS, product([channel], [egress], [provider], RESULTS.values()))
