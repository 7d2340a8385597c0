"""Calls by a pool of real proxies: where they go when one dies, is refused, is drained, is back."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from behaviour.channel.egress_world import SECRETS, Twilio, channel, play, twilio
from behaviour.channel.gate import gated
from behaviour.channel.world import World, attempt_id, until
from herald.channel.egress import rows
from herald.channel.service import Channel
from proxies import running
from secret_files import write_secrets

SENDERS = [f"+1555000{number:04}" for number in range(20)]


def warning(running: Channel) -> str:
    return running._warnings()["egress"]() or ""


async def settled(world: World, provider: Twilio, number: int) -> None:
    async def taken() -> bool:
        return len(provider.taken) >= number

    await until(taken)


async def test_a_killed_proxy_loses_and_doubles_nothing(world: World, tmp_path: Path) -> None:
    """Its senders go on by the other; what was under way is recorded as unknown, or was answered.

    Every attempt is at the provider once, but for unknown ones, which are there once or never.
    """
    async with twilio() as provider, running(tmp_path, "http", "socks5") as (doomed, other):
        provider.delay = 0.02
        async with channel(world, provider, [doomed, other]) as worker:
            playing = asyncio.create_task(play(world, SENDERS, 400))
            await settled(world, provider, 100)
            doomed.kill()
            ended = await playing
            assert "http is in quarantine" in warning(worker)
            before = len(provider.taken)
            await play(world, SENDERS, 40)
    unknown = {attempt for attempt, status in ended.items() if status == "unknown"}
    assert {ended[attempt] for attempt in ended} <= {"accepted", "unknown"}
    assert max(provider.attempts.values()) == 1
    assert len(unknown) <= 100  # what was under way by the killed one, at most
    accepted = ended.keys() - unknown
    assert accepted <= provider.attempts.keys()
    assert provider.by_address[doomed.address] > 20
    assert {address for _, address in provider.taken[before:]} == {other.address}
    assert await world.unsettled() == 0


async def test_it_takes_calls_again_once_it_is_back(world: World, tmp_path: Path) -> None:
    """A check finds the proxy running, and its senders return to it."""
    async with twilio() as provider, running(tmp_path, "http", "socks5") as (first, other):
        first.kill()
        async with channel(world, provider, [first, other]) as worker:
            await play(world, SENDERS, 40)
            assert provider.by_address.keys() == {other.address}
            await first.start()

            async def restored() -> bool:
                return not warning(worker)

            await until(restored)
            await play(world, SENDERS, 40)
    assert provider.by_address[first.address] > 5


async def test_a_wrong_password_is_named_and_nothing_leaves_otherwise(
    world: World, tmp_path: Path
) -> None:
    """Work comes back, without a try; readiness says why; the mended password is read again."""
    async with (
        twilio() as provider,
        running(tmp_path, "http") as (proxy,),
        channel(world, provider, [proxy]) as worker,
    ):
        write_secrets(world.folder / "proxy.toml", SECRETS.replace("open-sesame", "x"))
        await _read_secrets_again(worker)
        attempt = attempt_id()
        await world.send(attempt)
        [receipt] = await world.receipts(1)
        assert receipt["returned"]["reason"] in {"proxy_auth", "no_egress"}
        assert await world.row(attempt) is None
        await world.send(attempt, dispatch=2)
        [receipt] = await world.receipts(1)
        assert receipt["returned"]["reason"] == "no_egress"
        assert warning(worker).startswith("pool has no healthy member for 127.0.0.1:")
        assert warning(worker).endswith("proxy_auth")
        assert provider.taken == []
        write_secrets(world.folder / "proxy.toml", SECRETS)
        assert set((await play(world, SENDERS, 1)).values()) == {"accepted"}
    assert provider.by_address.keys() == {proxy.address}


async def _read_secrets_again(worker: Channel) -> None:
    """Have the worker see the file as a start would."""
    for watched in worker._egress_health._watched.values():
        await watched.checked.credentials.refresh()


async def test_a_drained_member_gets_no_new_call(world: World, tmp_path: Path) -> None:
    """By a row that every worker reads; restored, its senders are back."""
    async with (
        twilio() as provider,
        running(tmp_path, "http", "socks5") as (drained, other),
        channel(world, provider, [drained, other]) as worker,
    ):
        assert await rows.drain(world.database, "http")
        assert not await rows.drain(world.database, "http")
        await _warned(worker, "http is drained")
        await play(world, SENDERS, 40)
        assert provider.by_address.keys() == {other.address}
        assert await rows.restore(world.database, "http")
        await _warned(worker, "")
        await play(world, SENDERS, 40)
    assert provider.by_address[drained.address] > 5


async def test_workers_share_what_one_found_out(world: World, tmp_path: Path) -> None:
    """Another worker leaves a dead member alone without a call of its own that failed."""
    async with (
        twilio() as provider,
        running(tmp_path, "http", "socks5") as (dead, other),
        channel(world, provider, [dead, other]) as one,
    ):
        dead.kill()
        await play(world, SENDERS, 40)
        assert "http is in quarantine" in warning(one)
        async with channel(world, provider, [dead, other]) as two:
            assert "http is in quarantine" in warning(two)


async def _warned(worker: Channel, words: str) -> None:
    async def said() -> bool:
        return warning(worker) == words

    await until(said)


async def test_each_member_keeps_to_its_own_budget(world: World, tmp_path: Path) -> None:
    """Two members of 20/s take work together, and none takes more than its own."""
    async with (
        twilio() as provider,
        running(tmp_path, "http", "socks5") as pair,
        channel(world, provider, pair, egress_rate="20/s"),
    ):
        started = time.monotonic()
        await play(world, SENDERS, 120)
        seconds = time.monotonic() - started
    for proxy in pair:
        taken = provider.by_address[proxy.address]
        assert taken <= 20 * seconds + 20  # and a second's worth at once
        assert taken >= 40  # of 120: work goes where a budget is left


async def test_a_member_comes_back_while_the_database_is_away(world: World, tmp_path: Path) -> None:
    """Without the rows a worker checks by its own clock what it knows to be in quarantine."""
    async with (
        gated(world.dsn) as gate,
        twilio() as provider,
        running(tmp_path, "http", "socks5") as (dead, other),
        channel(world, provider, [dead, other], dsn=gate.url) as worker,
    ):
        dead.kill()
        await play(world, SENDERS, 40)
        assert "http is in quarantine" in warning(worker)
        await gate.shut()
        await dead.start()
        await _warned(worker, "")
        await gate.open()
