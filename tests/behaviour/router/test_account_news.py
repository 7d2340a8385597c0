"""News about accounts: each of the account's tenants hears it, once."""

from __future__ import annotations

import asyncio
import uuid

from behaviour.router.receipts import account_news
from behaviour.router.world import Heard, World
from herald.contracts.receipts import AccountReceipt

ROUTERS = 2  # each may take a repeat


def heard(world: World, news: AccountReceipt) -> list[Heard]:
    return [
        event
        for event in world.events
        if event.what == "updated" and event.data["reason"] == news.reason
    ]


async def test_every_tenant_of_the_account_hears_it_once(world: World) -> None:
    """News reported three times is one event for each tenant, under its own key and id."""
    news = account_news(reason=uuid.uuid4().hex)
    await asyncio.gather(*(world.report(news) for _ in range(3)))
    await world.until(lambda: len(heard(world, news)) == 2)
    last = account_news(reason=uuid.uuid4().hex)
    await world.report(last)  # behind the repeats in the queue
    await world.until(lambda: len(heard(world, last)) == 2)
    events = heard(world, news)
    assert {event.key for event in events} == {"account.updated.other", "account.updated.default"}
    assert {event.data["tenant"] for event in events} == {"other", "default"}
    assert len({event.event["id"] for event in events}) == 2
    assert {event.event["type"] for event in events} == {"herald.account.updated.v1"}
    assert all(event.data["raw"] == news.element for event in events)


async def test_news_of_an_account_that_is_not_configured_is_kept(world: World) -> None:
    """It is a dead letter that says so, and nobody hears it."""
    news = account_news(account="removed", reason=uuid.uuid4().hex)
    await world.report(news)
    query = """
        SELECT count(*) FROM router.dead_letters
        WHERE reason = 'unknown_account' AND position($1 IN body) > 0
    """
    assert await world.row(query, str(news.reason).encode())
    assert heard(world, news) == []
