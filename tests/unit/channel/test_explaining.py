"""What a worker says it would do with work, without taking anything for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from channel_sms.content import render
from herald.bus.publishing import Publisher
from herald.channel.accounts import SendingAccount
from herald.channel.explaining import Explainer
from herald.channel.limits.token_bucket import TokenBucket
from herald.contracts.plans import ChannelPlan
from herald.contracts.vocabulary import Receipts
from herald.contracts.work import Work, WorkContent, WorkMedia, WorkTemplate
from herald.database.pool import Database
from unit.channel.making import Silent, moment, twilio, work


def account(rate: float = 10.0, **options: Any) -> SendingAccount:
    return SendingAccount(
        name="main",
        options=twilio(**options),
        provider=Silent(),
        bucket=TokenBucket(rate),
        render=render,
    )


def plan(one: SendingAccount, of: Work | None = None) -> ChannelPlan:
    nothing = cast("Any", None)
    explainer = Explainer([one], cast("Database", nothing), cast("Publisher", nothing))
    return explainer.plan(of or work(), moment())


def says(**content: Any) -> Work:
    return work(content=WorkContent(**content))


def test_a_call_at_once() -> None:
    """Account, provider, and what the content comes to."""
    found = plan(account(price="0.0079 USD"), says(text="я" * 71))
    assert (found.call, found.provider, found.account) == ("now", "twilio", "main")
    assert (found.encoding, found.segments, str(found.cost)) == ("ucs-2", 2, "0.0158 USD")
    assert found.receipts == Receipts.DELIVERED


def test_nothing_is_taken_from_limits() -> None:
    """However often it is asked, the next call is as soon as before."""
    one = account(rate=1)
    assert {plan(one).call for _ in range(10)} == {"now"}
    assert one.bucket.peek(0.0) == 0.0


def test_a_limit_says_how_long() -> None:
    """The wait is what the account's limits ask for now."""
    one = account(rate=1)
    assert one.bucket.reserve(0.0, 0.0) is not None
    found = plan(one)
    assert (found.call, found.reason, found.wait) == ("later", "rate_limit", timedelta(seconds=1))


def test_no_account() -> None:
    """Work that no account serves fails as it would."""
    found = plan(account(), work(tenant="other"))
    assert (found.call, found.account) == ("never", None)
    assert found.failure is not None
    assert found.failure.code == "no_account"


def test_content_that_cannot_be_said() -> None:
    """The channel's own rules refuse it, as they would."""
    found = plan(account(), says(text="x" * 1601))
    assert (found.call, found.account) == ("never", "main")
    assert found.failure is not None
    assert found.failure.code == "too_long"


def test_a_template_the_account_holds() -> None:
    """It is named, and costs a message."""
    found = plan(account(price="0.01 EUR"), says(template=WorkTemplate(name="HX1")))
    assert (found.template, found.segments, str(found.cost)) == ("HX1", None, "0.01 EUR")


@pytest.mark.parametrize(
    "content", [{"text": "Hi", "media": (WorkMedia(url="https://example.org/a.png"),)}]
)
def test_files_have_no_estimate(content: dict[str, Any]) -> None:
    """A file's price is another one."""
    assert plan(account(price="0.01 EUR"), says(**content)).cost is None
