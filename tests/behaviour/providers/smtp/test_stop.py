"""What becomes of a relay's sessions when the worker stops."""

from __future__ import annotations

import asyncio

import pytest

from behaviour.providers.smtp.making import smtp
from behaviour.providers.smtp.relay import HANG_UP, SILENCE, relaying
from herald.providers.sending import Accepted
from herald.providers.smtp import sessions
from unit.channel_email.making import work


async def test_idle_sessions_are_quit() -> None:
    """Every session that is kept for another mail ends with a QUIT."""
    async with relaying() as relay:
        account = smtp(relay.port)
        results = await asyncio.gather(*(account.send(work()) for _ in range(3)))
        assert all(isinstance(result, Accepted) for result in results)
        await account.provider.stop()
        assert len(relay.sessions) == 3
        assert all(said[-1] == "QUIT" for said in relay.sessions)


@pytest.mark.parametrize("reply", [HANG_UP, SILENCE, "500 what", "eh?"])
async def test_a_relay_that_does_not_answer_holds_no_stop(
    monkeypatch: pytest.MonkeyPatch, reply: str
) -> None:
    """Whatever a relay replies to QUIT, the stop goes on and the connection is closed."""
    monkeypatch.setattr(sessions, "PROBE_SECONDS", 0.1)
    async with relaying(QUIT=reply) as relay:
        account = smtp(relay.port)
        await account.send(work())
        async with asyncio.timeout(2):
            await account.provider.stop()
        assert relay.said[-1] == "QUIT"


async def test_nothing_was_opened() -> None:
    """A worker that sent nothing has nothing to end."""
    async with relaying() as relay:
        await smtp(relay.port).provider.stop()
        assert relay.sessions == []
