"""What the end of a call says of its account."""

from __future__ import annotations

import asyncio

import pytest

from herald.channel.accounts import SendingAccount
from herald.channel.attempts import Attempt, Reserved
from herald.channel.breaker import Verdict
from herald.channel.calling import verdict_of
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.rendered import Rendered
from herald.providers.sending import Accepted, NotSent, Refused, SendResult, Uncertain
from unit.channel.making import Silent, calling, decided, seconds, sending, twilio, work


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
        (NotSent("busy", of_us=True), Verdict.NO_WAY),
    ],
)
def test_verdicts(result: SendResult, verdict: Verdict) -> None:
    """An answer about the message shows that the account works."""
    assert verdict_of(result)[0] is verdict


class Answering(Silent):
    """Answers with what it is given, in turn."""

    def __init__(self, *results: SendResult) -> None:
        self.results = list(results)

    async def send(self, work: Work, content: Rendered) -> SendResult:  # noqa: ARG002  any
        return self.results.pop(0)


class Hanging(Silent):
    """Never answers, and ignores its time limit."""

    async def send(self, work: Work, content: Rendered) -> SendResult:
        await asyncio.Event().wait()
        return await super().send(work, content)


async def claimed(account: SendingAccount, *, lease: float) -> Attempt:
    """Make an attempt whose claim lasts `lease` seconds."""
    [attempt] = await decided([account], work())
    attempt.lease_ends = lease
    return attempt


async def test_a_call_that_never_ends_is_ended_with_its_lease() -> None:
    """An adapter that ignores its time limit gives its slot back when the claim is over."""
    account = sending("one", twilio(timeout="10ms"), provider=Hanging())
    attempt = await claimed(account, lease=0.02)
    result = await calling().call(attempt)
    assert result == Uncertain("adapter_error")


async def test_a_lease_that_ended_before_the_call_makes_none() -> None:
    """A worker held up until its claim can't cover the call says so: the attempt isn't unknown."""
    account = sending("one", twilio(timeout="10ms"), rate=1, provider=Answering())
    attempt = await claimed(account, lease=0.005)
    result = await calling().call(attempt)
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == (
        FailureClass.TRANSIENT,
        "lease_ended",
    )
    assert isinstance(attempt.plan, Reserved)
    assert [block.left for block in attempt.plan.token.blocks] == [1]  # its token is given back
