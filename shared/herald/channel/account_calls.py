"""What is counted of the calls of one account."""

from __future__ import annotations

from functools import cache, partial

from herald.channel import metrics
from herald.channel.accounts import SendingAccount
from herald.providers.sending import Accepted, NotSent, Refused, SendResult, Uncertain

RESULTS: dict[type, str] = {
    Accepted: metrics.ACCEPTED,
    Refused: metrics.FAILED,
    NotSent: metrics.NOT_SENT,
    Uncertain: metrics.UNKNOWN,
}


class AccountCalls:
    """Counts calls; how many are under way is only noted, and read when metrics are shown."""

    def __init__(self, channel: str, account: SendingAccount) -> None:
        labels = channel, account.options.provider, account.name
        self.under_way = 0
        # kept, for looking them up costs more than counting
        self._seconds = metrics.SEND_SECONDS.labels(*labels)
        self._sends = cache(partial(metrics.SENDS.labels, *labels))
        self._throttled = partial(metrics.THROTTLED.labels, *labels)
        metrics.IN_FLIGHT.labels(channel, account.name).set_function(lambda: self.under_way)

    def count(self, result: SendResult, seconds: float) -> None:
        """Count a call that has ended."""
        self._seconds.observe(seconds)
        failure_class = result.failure.failure_class if isinstance(result, Refused) else ""
        self._sends(RESULTS[type(result)], failure_class).inc()
        if isinstance(result, Refused) and result.scope is not None:
            self._throttled(result.scope).inc()
