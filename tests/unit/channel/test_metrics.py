"""What a channel counts of its calls."""

from __future__ import annotations

from prometheus_client import REGISTRY

from herald.channel import metrics
from herald.contracts.work import Work
from herald.providers.rendered import Rendered
from herald.providers.sending import SendResult
from unit.channel.making import Silent, calling, decided, sending, work

CHANNEL = "sms-of-this-test"
LABELS = {"channel": CHANNEL, "provider": "twilio", "account": "one"}


def calls(result: str, failure_class: str = "") -> float | None:
    labels = {**LABELS, "result": result, "failure_class": failure_class}
    return REGISTRY.get_sample_value("herald_sends_total", labels)


def test_series_exist_before_their_first_use() -> None:
    """A rate needs a zero to begin at: without it the first refused credentials are unseen."""
    metrics.initialise(CHANNEL, {"one": "twilio"})
    assert calls("failed", "auth") is not None
    assert calls("unknown") is not None
    assert REGISTRY.get_sample_value("herald_send_seconds_count", LABELS) is not None
    one = {"channel": CHANNEL, "account": "one"}
    assert REGISTRY.get_sample_value("herald_leases_ended_total", one) is not None
    assert REGISTRY.get_sample_value("herald_sends_in_flight", one) is not None


async def test_calls_count_by_account() -> None:
    """Two accounts of one provider have failures of their own."""
    metrics.initialise(CHANNEL, {"one": "twilio"})
    before = calls("accepted") or 0.0
    [attempt] = await decided([sending("one")], work())
    await calling(CHANNEL).call(attempt)
    assert calls("accepted") == before + 1
    assert REGISTRY.get_sample_value("herald_send_seconds_count", LABELS) == before + 1


async def test_calls_under_way_show() -> None:
    """A call is in flight from its beginning to its end."""
    one = {"channel": CHANNEL, "account": "one"}
    shown: list[float | None] = []

    class Looking(Silent):
        async def send(self, work: Work, content: Rendered) -> SendResult:
            shown.append(REGISTRY.get_sample_value("herald_sends_in_flight", one))
            return await super().send(work, content)

    [attempt] = await decided([sending("one", provider=Looking())], work())
    await calling(CHANNEL).call(attempt)
    assert shown == [1]
    assert REGISTRY.get_sample_value("herald_sends_in_flight", one) == 0
