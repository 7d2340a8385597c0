"""A proxy dies under load: its sender goes on by the other, and every message ends once."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import proxies
from chaos.commands import on_one_channel
from chaos.fleet import Fleet
from chaos.invariants import doubles
from chaos.load import under_load
from chaos.record import settled
from chaos.replicas import PAIRS
from chaos.size import SHORT, SIZE
from herald.channel.egress.choosing import preference
from proxies import Proxy
from secret_files import write_secrets

WORKERS = PAIRS["channel-sms"]
SENDER = "+15550001111"  # of all messages, by the stack's configuration
MEMBERS = ("http", "socks5")
SETTLED_SECONDS = 3  # from a proxy's death until every call goes by the other
NUMBER = 2000
POOL = """
egress = "real"
[egress.pools.real]
members = ["http", "socks5"]
"""
MEMBER = """
[egress.members.{proxy.kind}]
kind = "{proxy.kind}"
host = "127.0.0.1"
port = {proxy.port}
secrets_file = "secrets/real-proxy.toml"
"""


@contextmanager
def _proxied(fleet: Fleet, pair: list[Proxy]) -> Iterator[None]:
    """Have both SMS workers call by a pool of these proxies."""
    home, key = fleet.stack.home, "HERALD_CONFIG"
    login = f'username = "{proxies.USERNAME}"\npassword = "{proxies.PASSWORD}"\n'
    write_secrets(home / "secrets" / "real-proxy.toml", login)
    text, account = fleet.stack.config.read_text(), 'secrets_file = "secrets/twilio-main.toml"\n'
    members = "".join(MEMBER.format(proxy=proxy) for proxy in pair)
    path = write_secrets(home / "proxied.toml", text.replace(account, account + POOL + members, 1))
    _restart(fleet, {key: str(path)})
    try:
        yield
    finally:
        _restart(fleet, {key: str(fleet.stack.config)})


def _restart(fleet: Fleet, changes: dict[str, str]) -> None:
    fleet.end(*WORKERS)
    for worker in WORKERS:
        fleet._settings[worker] |= changes
        fleet.start(worker)
    fleet.wait_ready()


@pytest.mark.skipif(SIZE is SHORT, reason="`make chaos` does it")
def test_a_killed_proxy_loses_and_doubles_nothing(
    fleet: Fleet, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What failed was recorded as unknown first; soon all calls come from the other's address."""
    fleet.heal()
    asyncio.run(_play(fleet, tmp_path, capfd))


async def _play(fleet: Fleet, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with proxies.running(folder, *MEMBERS) as pair:
        first = preference(SENDER, 0, MEMBERS)[0]
        [doomed] = [proxy for proxy in pair if proxy.kind == first]
        with _proxied(fleet, pair):
            commands = on_one_channel(NUMBER, "sms", ttl="10m")
            with under_load(fleet.stack, commands, seconds=SIZE.outage_seconds / 3) as load:
                load.wait_until_confirmed(NUMBER // 2)
                doomed.kill()
                killed_at = time.time()
            record = await settled(fleet.stack, load)
    outcomes = Counter(record.outcomes.values())
    calls = [(request["at"], request["peer"]) for request in record.requests]
    late = {peer for at, peer in calls if at > _utc(killed_at + SETTLED_SECONDS)}
    with capfd.disabled():
        by_peer = dict(Counter(peer for _, peer in calls))
        sys.stderr.write(
            f"\n{NUMBER}: {dict(outcomes)}, unknown {len(record.unknown)}, {by_peer}\n"
        )
    failed = {name for name, outcome in record.outcomes.items() if outcome != "succeeded"}
    assert len(record.outcomes) == NUMBER
    assert failed <= record.unknown.keys()
    assert doubles(record) == []
    assert late <= {proxy.address for proxy in pair if proxy is not doomed}
    assert {peer for _, peer in calls} == {proxy.address for proxy in pair}


def _utc(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
