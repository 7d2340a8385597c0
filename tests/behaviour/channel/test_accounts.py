"""Accounts in trouble: their work goes elsewhere, all workers know, and they come back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import asyncpg
import pytest
import structlog
from prometheus_client import REGISTRY

from behaviour.channel.fakes import FakeAccounts
from behaviour.channel.world import World, attempt_id, until
from herald.channel import account_rows, breaker
from herald.channel.service import Channel
from herald.contracts.durations import parse_duration
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.providers.sending import NotSent, Refused, Uncertain

REVOKED = Refused(Failure.of(FailureClass.AUTH, 20003))
TWO = ("main", "spare")
QUICK = (0.5, 1.0)  # pauses between probes


@pytest.fixture
def accounts(world: World) -> FakeAccounts:
    """Give the answers of the world's accounts."""
    world.provider = FakeAccounts()
    return world.provider


@contextmanager
def logged(*names: str) -> Iterator[list[str]]:
    """Collect the events of these names as they are logged."""
    found: list[str] = []
    with structlog.testing.capture_logs() as lines:
        yield found
    found += [f"{line['log_level']} {line['event']}" for line in lines if line["event"] in names]


def is_up(account: str) -> float | None:
    return REGISTRY.get_sample_value("herald_account_up", {"channel": "sms", "account": account})


def knows(channel: Channel, said: str | None) -> bool:
    warning = channel._warnings()["accounts"]()
    return warning is None if said is None else said in (warning or "")


async def in_turn(world: World, number: int) -> list[str]:
    """Send messages one after another; return how each ended."""
    ends = []
    for _ in range(number):
        await world.send(attempt_id())
        [receipt] = await world.receipts(1)
        ends.append(receipt["failure"]["code"] if "failure" in receipt else receipt["status"])
    return ends


async def test_revoked_credentials_cost_few_messages(world: World, accounts: FakeAccounts) -> None:
    """The other account does the work; one warning, the metric and readiness name the account."""
    accounts.responses["main"] = REVOKED
    with logged("account.down", "account.up") as lines:
        async with world.channel(accounts=TWO, pauses=(60, 60)) as channel:
            ends = await in_turn(world, 20)
            assert is_up("main") == 0
            assert knows(channel, "main is down: auth 20003")
            assert ends == ["20003"] + ["accepted"] * 19
            del accounts.responses["main"]
            await world.database.execute("UPDATE channel.accounts SET probe_at = clock_timestamp()")

            async def is_back() -> bool:
                await in_turn(world, 1)
                return is_up("main") == 1

            await until(is_back)
            assert knows(channel, None)
    assert lines == ["warning account.down", "info account.up"]


async def test_a_burst_that_meets_revoked_credentials_costs_few_messages(
    world: World, accounts: FakeAccounts
) -> None:
    """Twenty at once, over two workers: each tries the account once before the others go to it."""
    accounts.responses["main"] = REVOKED
    async with world.channel(accounts=TWO), world.channel(accounts=TWO):
        await world.send(*(attempt_id() for _ in range(20)))
        receipts = await world.receipts(20)
    assert accounts.made_by("main") <= 3
    assert [item["status"] for item in receipts].count("accepted") >= 17


async def test_two_workers_share_what_they_know(world: World, accounts: FakeAccounts) -> None:
    """What one worker found out keeps the other from trying; both are ready all the while."""
    accounts.responses["main"] = REVOKED
    async with (
        world.channel(accounts=TWO, pauses=(60, 60)) as one,
        world.channel(accounts=TWO, pauses=(60, 60)) as other,
    ):
        await in_turn(world, 1)

        async def both_know() -> bool:
            return knows(one, "main is down") and knows(other, "main is down")

        await until(both_know, within_seconds=2)
        assert await in_turn(world, 10) == ["accepted"] * 10
        assert accounts.made_by("main") == 1


async def test_one_worker_at_a_time_probes(world: World) -> None:
    """A due probe is granted to one reader, and to nobody else while a call of it may last."""
    await world.database.execute(
        "INSERT INTO channel.accounts (channel, account, provider, trouble, pause, probe_at)"
        " VALUES ('sms', 'main', 'twilio', 'auth', '5s', clock_timestamp())"
    )
    leases = {"main": timedelta(seconds=30)}
    readers = [await asyncpg.connect(world.dsn) for _ in range(5)]
    for _ in range(2):
        reads = await asyncio.gather(
            *(account_rows.read(reader, "sms", leases) for reader in readers)
        )
        granted = sum(rows["main"].granted for rows in reads)
        assert granted == 1
        await world.database.execute("UPDATE channel.accounts SET probe_at = clock_timestamp()")
    for reader in readers:
        await reader.close()


async def test_no_account_in_order_fails_without_a_call(
    world: World, accounts: FakeAccounts
) -> None:
    """With every fitting account refused, the router learns at once and takes the next step."""
    accounts.responses["main"] = REVOKED
    async with world.channel():
        assert await in_turn(world, 3) == ["20003", "no_account", "no_account"]
    assert accounts.made_by("main") == 1


async def test_an_outage_gives_work_back_until_the_way_is_open(
    world: World, accounts: FakeAccounts
) -> None:
    """After several calls without a way the others wait, and a probe lets them through again."""
    accounts.responses["main"] = NotSent("connect")
    async with world.channel(pauses=QUICK) as channel:
        for _ in range(breaker.UNSENT_IN_A_ROW):
            assert await in_turn(world, 1) == ["returned"]
        assert knows(channel, "main is down: outage connect")
        await world.send(attempt_id())
        [receipt] = await world.receipts(1)
        assert receipt["returned"]["reason"] == "account_down"
        assert parse_duration(receipt["returned"]["wait"]) <= timedelta(seconds=1)
        del accounts.responses["main"]

        async def is_back() -> bool:
            return await in_turn(world, 1) == ["accepted"]

        await until(is_back)
        assert knows(channel, None)


async def test_most_calls_in_errors_open_it(world: World, accounts: FakeAccounts) -> None:
    """A provider that answers nothing but errors is left alone for a while."""
    accounts.responses["main"] = Uncertain("http_500")
    async with world.channel() as channel:
        await world.send(*(attempt_id() for _ in range(breaker.FEWEST_CALLS)))
        await world.receipts(breaker.FEWEST_CALLS)
        assert knows(channel, "main is down: errors http_500")


async def test_a_paused_account_gets_no_calls(world: World, accounts: FakeAccounts) -> None:
    """Within two seconds its work goes to another account, and after `resume` to it again."""
    async with world.channel(accounts=TWO) as channel:
        assert await account_rows.pause(world.database, "sms", "main", "twilio")
        assert not await account_rows.pause(world.database, "sms", "main", "twilio")

        async def is_paused() -> bool:
            return knows(channel, "main is paused")

        await until(is_paused, within_seconds=2)
        assert await in_turn(world, 5) == ["accepted"] * 5
        assert (accounts.made_by("main"), accounts.made_by("spare")) == (0, 5)
        assert is_up("main") == 0
        assert await account_rows.resume(world.database, "sms", "main")
        assert not await account_rows.resume(world.database, "sms", "main")

        async def is_resumed() -> bool:
            return knows(channel, None)

        await until(is_resumed, within_seconds=2)
        await in_turn(world, 1)
    assert accounts.made_by("main") == 1


async def test_work_of_a_paused_account_waits(world: World, accounts: FakeAccounts) -> None:
    """With no other account it is given back; a worker that starts makes no call first."""
    await account_rows.pause(world.database, "sms", "main", "twilio")
    async with world.channel():
        await world.send(attempt_id())
        [receipt] = await world.receipts(1)
    assert receipt["returned"] == {"reason": "account_paused", "wait": "30s"}
    assert accounts.made == []


async def test_a_workers_own_accounts_are_all_it_needs(
    world: World, accounts: FakeAccounts
) -> None:
    """Rows of accounts that this worker lacks, and accounts without a row, disturb nobody."""
    await account_rows.pause(world.database, "sms", "elsewhere", "twilio")
    await account_rows.pause(world.database, "email", "main", "smtp")
    async with world.channel() as channel:
        assert await in_turn(world, 2) == ["accepted"] * 2
        assert knows(channel, None)


async def test_it_works_by_what_it_knows_without_the_rows(
    world: World, accounts: FakeAccounts
) -> None:
    """With rows that can't be read an account goes down and comes back all the same."""
    async with world.channel(accounts=TWO, pauses=QUICK) as channel:
        await world.database.execute("ALTER TABLE channel.accounts RENAME TO hidden")
        try:
            accounts.responses["main"] = REVOKED
            await in_turn(world, 5)
            assert knows(channel, "main is down")
            del accounts.responses["main"]

            async def is_back() -> bool:
                await in_turn(world, 1)
                return knows(channel, None)

            await until(is_back)
        finally:
            await world.database.execute("ALTER TABLE channel.hidden RENAME TO accounts")
    assert accounts.made_by("spare") > 0
