"""Work of a dry run: answered with what would be done, and neither claimed nor called.

The same planner chooses the account and the same rules render the content; nothing is taken from
limits or breakers. An answer that can't be published is left out: the router waits for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from herald.bus.batches import where
from herald.bus.deliveries import Delivery, settle
from herald.bus.publishing import Publisher
from herald.bus.receipt_messages import report_message
from herald.channel.accounts import SendingAccount
from herald.channel.limits.limiter import Limiter
from herald.channel.planning import Impossible, Later, Moment, OnTrial, Planner, Queued, Wish
from herald.channel.reports import SHORTEST_WAIT
from herald.contracts.failures import Failure
from herald.contracts.plans import ChannelPlan
from herald.contracts.prices import Money
from herald.contracts.receipts import PlannedReceipt
from herald.contracts.work import Work
from herald.database.pool import OUTAGES, Database
from herald.providers.rendered import RenderedSms

PUBLISH_SECONDS = 5.0
ON_TRIAL = "account_on_trial"

_log = structlog.get_logger(__name__)


class Explainer:
    """Says what this worker would do with works."""

    def __init__(
        self,
        accounts: Sequence[SendingAccount],
        database: Database,
        publisher: Publisher,
        limiter: Limiter,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._database = database
        self._publisher = publisher
        self._limiter = limiter
        self._clock = clock

    async def answer(self, asked: Sequence[tuple[Delivery, Work]]) -> None:
        """Answer works, and settle them whatever becomes of the answers."""
        now = Moment(self._clock(), self._database.now())
        receipts = []
        for delivery, work in asked:
            try:
                receipts.append(_receipt(work, await self.plan(work, now), now.time))
            except Exception as error:  # noqa: BLE001  a bug: the router learns that nobody answers
                _log.error("plans.not_made", error=type(error).__name__, where=where(error))
                delivery.reject()
        problems = await self._publisher.publish_many(
            [report_message(receipt) for receipt in receipts], PUBLISH_SECONDS
        )
        lost = [problem for problem in problems if problem is not None]
        if lost:
            _log.warning("plans.not_published", error=type(lost[0]).__name__, count=len(lost))
        await settle([delivery for delivery, _ in asked])

    async def plan(self, work: Work, now: Moment) -> ChannelPlan:
        """Say what would be done with one work, each as if it came alone."""
        plan = Planner(self._accounts, self._limiter, now).plan(work)
        match plan:
            case Wish(account=account, egress=egress):
                seconds = await self._expected_wait(account, work, egress, now)
                return _call(account, work, egress, seconds)
            case Queued():
                raise AssertionError("the planner queues nothing")
            case Impossible(failure=failure):
                return ChannelPlan(call="never", failure=failure)
            case Later(reason=reason, wait=wait):
                return ChannelPlan(call="later", reason=reason, wait=wait)
            case OnTrial():
                return ChannelPlan(call="later", reason=ON_TRIAL)

    async def _expected_wait(
        self, account: SendingAccount, work: Work, egress: str | None, now: Moment
    ) -> float:
        budgets = account.budgets(work, egress)
        try:
            return await self._limiter.expected_wait(work.lane, budgets)
        except OUTAGES:  # as far as this worker knows
            ready_at = self._limiter.ready_at(budgets, work.lane, now.monotonic, due=False)
            return ready_at - now.monotonic


def _call(account: SendingAccount, work: Work, egress: str | None, seconds: float) -> ChannelPlan:
    """Say what an account's call would be."""
    options = account.options
    about: dict[str, Any] = {
        "provider": options.provider,
        "account": account.name,
        "egress": egress,
        "receipts": options.receipts,
    }
    content = account.rendered(work)
    if isinstance(content, Failure):
        return ChannelPlan(call="never", failure=content, **about)
    about |= _of_content(content, options.price)
    if seconds <= 0:
        return ChannelPlan(call="now", **about)
    wait = max(timedelta(seconds=seconds), SHORTEST_WAIT)
    return ChannelPlan(call="later", reason="rate_limit", wait=wait, **about)


def _of_content(content: Any, price: Money | None) -> dict[str, Any]:
    template = getattr(content, "template", None)
    if template is not None:
        return {"template": template.name, "cost": price}
    if not isinstance(content, RenderedSms):
        return {"cost": price}
    about: dict[str, Any] = {
        "encoding": content.encoding,
        "segments": content.segments,
        "transliterated": content.transliterated or None,
    }
    if price is not None and not content.media:  # a file has a price of its own
        about["cost"] = price.times(content.segments)
    return about


def _receipt(work: Work, plan: ChannelPlan, now: datetime) -> PlannedReceipt:
    return PlannedReceipt(
        channel=work.channel,
        attempt_id=work.attempt_id,
        lane=work.lane,
        plan=plan,
        received_at=now,
    )
