"""What a check of a member says beside what calls find out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from herald.channel.egress.health import EgressHealth, Watched
from herald.channel.egress.quarantine import MemberHealth
from herald.channel.egress.rows import Pair

PAIR = Pair("proxy", "127.0.0.1:1")


class Checked:
    """A member whose check ends, well, when the test lets it."""

    def __init__(self) -> None:
        self.health = MemberHealth()
        self.ends = asyncio.Event()

    async def check(self) -> str | None:
        await self.ends.wait()
        return None


@pytest.mark.parametrize("fails_meanwhile", [False, True])
async def test_a_check_lifts_no_quarantine_that_began_after_it(*, fails_meanwhile: bool) -> None:
    """It connected before the call that was refused; one that began later lifts it."""
    checked: Any = Checked()
    database: Any = None
    watched = {PAIR: Watched(checked=checked, providers=[])}
    health = EgressHealth("sms", watched, {}, database, clock=lambda: 10.0)
    if not fails_meanwhile:
        checked.health.note_failed("proxy_auth", began=1.0, now=2.0)
    health._begin_check(PAIR)
    await asyncio.sleep(0)
    if fails_meanwhile:
        checked.health.note_failed("proxy_auth", began=1.0, now=2.0)
    checked.ends.set()
    await asyncio.gather(*health._checks.values())
    assert checked.health.is_usable is not fails_meanwhile
