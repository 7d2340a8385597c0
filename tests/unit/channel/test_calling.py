"""What the end of a call says of its account."""

from __future__ import annotations

import pytest

from herald.bus.deliveries import Delivery
from herald.channel.breaker import Verdict
from herald.channel.calling import Caller, Job, verdict_of
from herald.channel.limits import PROBE_SECONDS
from herald.channel.planning import Reserved, plan
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.sending import Accepted, NotSent, Refused, SendResult, Uncertain
from unit.channel.making import Silent, account, moment, seconds, work


def refused(failure_class: FailureClass, *, of_message: bool = False) -> Refused:
    return Refused(Failure.of(failure_class, 7, retry_after=seconds(600)), of_message=of_message)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (Accepted(("1",)), Verdict.GOOD),
        (refused(FailureClass.UNREACHABLE), Verdict.GOOD),
        (refused(FailureClass.RATE_LIMITED), Verdict.GOOD),
        (refused(FailureClass.AUTH), Verdict.AUTH),
        (refused(FailureClass.AUTH, of_message=True), Verdict.NOTHING),
        (refused(FailureClass.TRANSIENT), Verdict.ERROR),
        (Uncertain("read_timeout"), Verdict.ERROR),
        (NotSent("dns"), Verdict.UNSENT),
    ],
)
def test_verdicts(result: SendResult, verdict: Verdict) -> None:
    """An answer about the message shows that the account works."""
    assert verdict_of(result)[0] is verdict


class Answering(Silent):
    """Answers with what it is given, in turn."""

    def __init__(self, *results: SendResult) -> None:
        self.results = list(results)

    async def send(self, work: Work) -> SendResult:  # noqa: ARG002  whatever it is
        return self.results.pop(0)


async def test_a_probe_that_is_taken_lifts_the_hold() -> None:
    """One success ends the hold early; a success that was under way before does not."""
    limit = refused(FailureClass.RATE_LIMITED)
    provider = Answering(limit, Accepted(("1",)), Accepted(("2",)))
    one = account("one", provider=provider)
    now = [0.0]
    caller = Caller("sms", lambda: None, lambda: now[0])

    def job() -> Job:
        planned = plan(work(), [one], moment(now[0]))
        assert isinstance(planned, Reserved)
        return Job(delivery=Delivery(body=b""), work=work(), plan=planned, lease_ends=now[0] + 30)

    first, before = job(), job()
    await caller.call(first)
    await caller.call(before)
    assert one.bucket.is_held(now[0])
    now[0] = PROBE_SECONDS
    await caller.call(job())
    assert not one.bucket.is_held(now[0])
