"""Messages over a real connection to an SMSC that answers by a script."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiosmpplib.protocol import SubmitSm

from behaviour.providers.smpp.making import send, started, until
from behaviour.providers.smpp.smsc import HANG_UP, SILENCE, Answer, Session, Smsc, running
from herald.contracts.receipts import AttemptReceipt
from herald.providers.budgets import Scope
from herald.providers.sending import Accepted, NotSent, Refused, Uncertain
from unit.providers.smpp.making import ATTEMPT

QUICK = timedelta(milliseconds=300)


def answering(*answers: Answer) -> Smsc:
    """Make an SMSC that answers submits so, one after the other."""
    left = list(answers)
    return Smsc(submitted=lambda _session, _message: left.pop(0))


async def test_a_message_is_submitted() -> None:
    """It arrives as it was meant, and the SMSC's id of it is the reference."""
    async with running(answering("4F2A")) as smsc, started(smsc) as (account, _):
        assert await send(account, "Grüße") == Accepted(("4F2A",))
    [submit], [bind] = smsc.submits, smsc.binds
    assert (bind.system_id, bind.password) == ("herald", "secret08")
    assert (submit.destination.number, submit.short_message) == ("15550001234", "Grüße")
    assert submit.registered_delivery == 1


async def test_every_part_is_a_reference() -> None:
    """A long text goes in order, and all its ids count."""
    async with running(answering("1", "2", "3")) as smsc, started(smsc) as (account, _):
        found = await send(account, "x" * 400)
    assert isinstance(found, Accepted)
    assert found.references == ("1", "2", "3")
    assert "".join(submit.short_message for submit in smsc.submits) == "x" * 400


@pytest.mark.parametrize(
    ("answer", "failure_class", "scope"),
    [
        (0x0B, "unreachable", None),
        (0x58, "rate_limited", Scope.ACCOUNT),
        (0x14, "rate_limited", Scope.ACCOUNT),
        (0x08, "transient", None),
        (0x0410, "opted_out", None),
        (0xFF, "permanent", None),
    ],
)
async def test_a_refusal(answer: int, failure_class: str, scope: Scope | None) -> None:
    """By its command_status, the account's own words included."""
    own = {"command_errors": {"0x0410": "opted_out"}}
    async with running(answering(answer)) as smsc, started(smsc, **own) as (account, _):
        found = await send(account)
    assert isinstance(found, Refused)
    assert (found.failure.failure_class, found.scope) == (failure_class, scope)


@pytest.mark.parametrize("end", [0x0B, HANG_UP, SILENCE])
async def test_half_a_message_is_never_sent_again(end: Answer) -> None:
    """What was taken counts, whatever became of the rest, and it is noted how it ended."""
    smsc = answering("1", end)
    async with running(smsc), started(smsc, timeout=QUICK) as (account, _):
        found = await send(account, "x" * 400)
    assert isinstance(found, Accepted)
    assert found.references == ("1",)
    assert (found.element["parts"], found.element["taken"]) == (3, 1)
    assert found.element["end"]


async def test_a_later_part_that_is_throttled_goes_again() -> None:
    """It has time left, and half a message helps nobody."""
    async with running(answering("1", 0x58, "2")) as smsc, started(smsc) as (account, _):
        found = await send(account, "x" * 200)
    assert isinstance(found, Accepted)
    assert found.references == ("1", "2")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (HANG_UP, "submit_link_lost"),
        (SILENCE, "submit_timeout"),
        (b"<<< garbage >>>>", "submit_garbage"),
        (b"\0\0\0\x10\x80\0\0\x15\0\0\0\0\0\0\0\x02", "submit_garbage"),  # another response
    ],
)
async def test_a_response_that_does_not_come(answer: Answer, code: str) -> None:
    """The message was written: nobody knows whether it was taken."""
    async with running(answering(answer)) as smsc, started(smsc, timeout=QUICK) as (account, _):
        assert await send(account) == Uncertain(code)


async def test_an_id_that_does_not_come() -> None:
    """What was taken without an id is known by our own."""
    async with running(answering("")) as smsc, started(smsc) as (account, _):
        assert await send(account) == Accepted((f"no-id:{ATTEMPT}",))


async def test_a_late_response_is_reported() -> None:
    """It comes after the call gave up, and says what became of it after all."""
    smsc = answering(SILENCE, SILENCE)
    async with running(smsc), started(smsc, timeout=QUICK) as (account, bus):
        await asyncio.gather(send(account), send(account))
        (session, first), (_, second) = smsc.silent
        session.write(0x80000004, first, body=b"77\0")
        session.write(0x80000004, second, 0x0B)
        await until(lambda: len(bus.published) == 2)
    taken, refused = bus.published
    assert isinstance(taken, AttemptReceipt)
    assert isinstance(refused, AttemptReceipt)
    assert (taken.attempt_id, taken.status, taken.references) == (ATTEMPT, "accepted", ("77",))
    assert (refused.status, refused.failure is not None) == ("failed", True)


async def test_the_window() -> None:
    """No more submits than the window are without a response; the others wait."""
    smsc = Smsc(submitted=lambda _session, _message: SILENCE)
    timeout = timedelta(seconds=1)
    async with running(smsc), started(smsc, window=2, timeout=timeout) as (account, _):
        sending = [asyncio.create_task(send(account)) for _ in range(3)]
        await until(lambda: len(smsc.silent) == 2)
        session, sequence = smsc.silent[0]
        session.write(0x80000004, sequence, body=b"1\0")
        await until(lambda: len(smsc.silent) == 3)
        results = await asyncio.gather(*sending)
    assert results.count(Accepted(("1",))) == 1
    assert results.count(Uncertain("submit_timeout")) == 2


async def test_a_window_that_stays_full() -> None:
    """A message that got no place while it had time for an answer was not sent."""
    smsc = Smsc(submitted=lambda _session, _message: SILENCE)
    async with running(smsc), started(smsc, window=1, timeout=QUICK) as (account, _):
        first = asyncio.create_task(send(account))
        await until(lambda: smsc.silent)
        assert await send(account) == NotSent("window_full", of_us=True)
        assert await first == Uncertain("submit_timeout")


async def test_a_connection_cut_in_the_middle_of_the_window() -> None:
    """What was written is uncertain; what comes next goes by the new connection."""

    def cut(session: Session, message: SubmitSm) -> Answer:
        if len(smsc.sessions) > 1:
            return "again"
        return HANG_UP if len(smsc.submits) == 3 else SILENCE

    smsc = Smsc(submitted=cut)
    async with running(smsc), started(smsc) as (account, _):
        results = await asyncio.gather(*(send(account) for _ in range(3)))
        assert set(results) == {Uncertain("submit_link_lost")}
        assert await send(account) == Accepted(("again",))
    assert len(smsc.binds) == 2


async def test_several_binds_share_the_work() -> None:
    """Each takes what the others have no place for."""
    smsc = Smsc(submitted=lambda _session, _message: SILENCE)
    options: dict[str, Any] = {"binds": 2, "window": 1, "timeout": QUICK}
    async with running(smsc), started(smsc, **options) as (account, _):
        await until(lambda: len(smsc.binds) == 2)
        await asyncio.sleep(0)
        sending = [asyncio.create_task(send(account)) for _ in range(2)]
        await until(lambda: len(smsc.silent) == 2)
        assert len({id(session) for session, _ in smsc.silent}) == 2
        await asyncio.gather(*sending)


async def test_stopping_while_a_message_is_under_way() -> None:
    """An unbind waits for nobody for ever, and the message is uncertain."""
    smsc = Smsc(submitted=lambda _session, _message: SILENCE)
    async with running(smsc), started(smsc) as (account, _):
        sending = asyncio.create_task(send(account))
        await until(lambda: smsc.silent)
        await account.provider.stop()
        assert await sending == Uncertain("submit_unbound")
    assert smsc.sessions[0].heard[-1] == 0x06
