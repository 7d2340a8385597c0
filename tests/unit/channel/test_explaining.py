"""What a worker says it would do with work, without taking anything for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from unittest.mock import create_autospec

import pytest

from channel_sms.content import render
from herald.bus.deliveries import Delivery
from herald.bus.publishing import Publisher
from herald.channel.accounts import SendingAccount
from herald.channel.explaining import Explainer
from herald.contracts.failures import Failure
from herald.contracts.plans import ChannelPlan
from herald.contracts.vocabulary import FailureClass, Receipts
from herald.contracts.work import Work, WorkContent
from herald.contracts.work_parts import WorkMedia, WorkTemplate
from herald.database.pool import Database
from unit.channel.making import Desk, Silent, moment, twilio, work


def account(rate: float = 10.0, **options: Any) -> SendingAccount:
    return SendingAccount(
        name="main", options=twilio(rate=rate, **options), provider=Silent(), render=render
    )


async def plan(one: SendingAccount | Desk, of: Work | None = None) -> ChannelPlan:
    nothing = cast("Any", None)
    desk = one if isinstance(one, Desk) else Desk(one)
    explainer = Explainer(
        desk.accounts, cast("Database", nothing), cast("Publisher", nothing), desk.limiter
    )
    return await explainer.plan(of or work(), moment(desk.now))


def says(**content: Any) -> Work:
    return work(content=WorkContent(**content))


async def test_a_call_at_once() -> None:
    """Account, provider, and what the content comes to."""
    found = await plan(account(price="0.0079 USD"), says(text="я" * 71))
    assert (found.call, found.provider, found.account) == ("now", "twilio", "main")
    assert (found.encoding, found.segments, str(found.cost)) == ("ucs-2", 2, "0.0158 USD")
    assert found.receipts == Receipts.DELIVERED


async def test_nothing_is_taken_from_limits() -> None:
    """However often it is asked, the next call is as soon as before."""
    desk = Desk(account(rate=1.0))
    assert {(await plan(desk)).call for _ in range(10)} == {"now"}


async def test_a_limit_says_how_long() -> None:
    """The wait is what the account's limits ask for now."""
    desk = Desk(account(rate=1.0))
    await desk.decide(work())
    found = await plan(desk)
    assert (found.call, found.reason, found.wait) == ("later", "rate_limit", timedelta(seconds=1))


async def test_no_account() -> None:
    """Work that no account serves fails as it would."""
    found = await plan(account(), work(tenant="other"))
    assert (found.call, found.account) == ("never", None)
    assert found.failure is not None
    assert found.failure.code == "no_account"


async def test_content_that_cannot_be_said() -> None:
    """The channel's own rules refuse it, as they would."""
    found = await plan(account(), says(text="x" * 1601))
    assert (found.call, found.account) == ("never", "main")
    assert found.failure is not None
    assert found.failure.code == "too_long"


async def test_a_template_the_account_holds() -> None:
    """It is named, and costs a message."""
    found = await plan(account(price="0.01 EUR"), says(template=WorkTemplate(name="HX1")))
    assert (found.template, found.segments, str(found.cost)) == ("HX1", None, "0.01 EUR")


@pytest.mark.parametrize(
    "content", [{"text": "Hi", "media": (WorkMedia(url="https://example.org/a.png"),)}]
)
async def test_files_have_no_estimate(content: dict[str, Any]) -> None:
    """A file's price is another one."""
    assert (await plan(account(price="0.01 EUR"), says(**content))).cost is None


async def test_a_bug_rejects_its_work_alone() -> None:
    """The router learns at once that nobody answers; the other works are answered."""

    def faulty(work: Work, *, holds_template: bool) -> Failure:
        if work.tenant == "default":
            raise ZeroDivisionError
        return Failure.of(FailureClass.CONTENT, "empty")

    options = twilio(tenants=("default", "other"))
    desk = Desk(SendingAccount(name="main", options=options, provider=Silent(), render=faulty))
    published = create_autospec(Publisher, instance=True)
    published.publish_many.return_value = [None]
    database = create_autospec(Database, instance=True)
    database.now.return_value = moment(desk.now).time
    asked = [(Delivery(body=b""), work()), (Delivery(body=b""), work(tenant="other"))]
    explainer = Explainer(desk.accounts, database, published, desk.limiter, clock=lambda: desk.now)
    await explainer.answer(asked)
    [(bad, _), (good, _)] = asked
    assert (bad.rejected, good.rejected) == (True, False)
    assert bad.settled
    assert good.settled
    [message] = published.publish_many.call_args.args[0]
    assert b'"empty"' in message.body
