"""A session that can't be had makes no try, and whose trouble a refusal for now is."""

from __future__ import annotations

import asyncio

import pytest

from behaviour.providers.smtp.making import smtp
from behaviour.providers.smtp.relay import HANG_UP, SILENCE, relaying
from herald.providers.budgets import Scope
from herald.providers.sending import Accepted, NotSent, Refused
from herald.providers.smtp import sessions
from unit.channel_email.making import work

NO_SESSION = [
    ({"GREETING": "421 4.3.2 later"}, "connect_421"),
    ({"GREETING": "hello"}, "connect_unexpected"),
    ({"GREETING": HANG_UP}, "connect"),
    ({"GREETING": SILENCE}, "connect_timeout"),
    ({"EHLO": HANG_UP}, "connect"),
    ({"AUTH": "454 4.7.0 later"}, "auth_454"),
    ({"AUTH": HANG_UP}, "connect"),
    ({"AUTH": SILENCE}, "connect_timeout"),
]


@pytest.mark.parametrize(("script", "code"), NO_SESSION)
async def test_no_session_is_no_try(script: dict[str, str], code: str) -> None:
    """What ends before the first command of the mail, and is not for good, makes no try."""
    async with relaying(**script) as relay:
        result = await smtp(relay.port, signs_in=True, timeout="300ms").send(work())
    assert result == NotSent(code)


async def test_waiting_for_a_session_leaves_a_mail_its_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who finds no session early enough for a mail at a slow relay writes none, and goes back."""
    monkeypatch.setattr(sessions, "MAX_SESSIONS", 1)
    async with relaying() as relay:
        relay.delays = {".": 1.2}
        provider = smtp(relay.port, timeout="2s")
        first, *others = await asyncio.gather(*(provider.send(work()) for _ in range(3)))
        assert isinstance(first, Accepted)
        assert others == [NotSent("busy", of_us=True)] * 2
        assert len(relay.mails) == 1


async def test_a_session_that_takes_long_leaves_a_mail_its_time() -> None:
    """A relay that is slow to greet and slow to take a mail gets none that it has no time for."""
    async with relaying() as relay:
        relay.delays = {"GREETING": 1.2, ".": 1.2}
        result = await smtp(relay.port, timeout="2s").send(work())
        assert result == NotSent("connect_timeout")
        assert relay.mails == []


async def test_a_silent_session_leaves_time_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether an idle session still answers is asked in a part of the time for a new one."""
    monkeypatch.setattr(sessions, "PROBE_SECONDS", 60.0)
    async with relaying(NOOP=SILENCE) as relay:
        provider = smtp(relay.port, timeout="2s")
        results = [await provider.send(work()) for _ in range(2)]
    assert [type(result) for result in results] == [Accepted, Accepted]


async def test_too_many_connections_throttle_the_way() -> None:
    """A relay that greets nobody from our address for now is called from there less often."""
    async with relaying(GREETING="421 4.7.0 too many connections") as relay:
        result = await smtp(relay.port).send(work())
    assert isinstance(result, Refused)
    assert (result.failure.code, result.scope) == ("connect_421", Scope.EGRESS)


@pytest.mark.parametrize(
    ("script", "of_message"),
    [({"RCPT": "450 4.7.1 greylisted"}, True), ({"RCPT": HANG_UP}, False)],
)
async def test_greylisting_is_not_the_relays_trouble(
    script: dict[str, str], of_message: bool
) -> None:
    """A refusal for now of one mail says nothing of the next; a session that breaks off does."""
    async with relaying(**script) as relay:
        result = await smtp(relay.port).send(work())
    assert isinstance(result, Refused)
    assert result.of_message == of_message
