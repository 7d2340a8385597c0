"""The SMTP server: what it accepts, what it refuses, and how."""

from __future__ import annotations

import asyncio

import pytest

from behaviour.sandbox.sending import mail
from behaviour.sandbox.world import World


async def test_takes_a_mail(world: World) -> None:
    """A mail gets 250 with a queue id, and the ledger our attempt from its header."""
    reply = await asyncio.to_thread(mail, world, "delivered@example.com")
    [entry] = await world.requests("?channel=email")
    assert reply == f"250 2.0.0 Ok: queued as {entry['reference']}"
    assert (entry["provider"], entry["attempt"]) == ("smtp", "attempt-1")


async def test_refuses_a_wrong_password(world: World) -> None:
    """Wrong credentials get a reply, and the mail is not taken."""
    reply = await asyncio.to_thread(mail, world, "delivered@example.com", password="other")
    assert reply == "SMTPAuthenticationError"


@pytest.mark.parametrize(
    ("name", "code"),
    [("everything-fails", "550 5.1.1"), ("bare-server-error", "451 4.3.0")],
)
async def test_refuses_a_recipient(world: World, name: str, code: str) -> None:
    """A recipient's case chooses the reply to RCPT, and nothing is taken."""
    reply = await asyncio.to_thread(mail, world, f"{name}@example.com")
    assert reply.startswith(code)
    assert await world.requests() == []
    assert len(await world.requests("?accepted=any")) == 1


async def test_greylists(world: World) -> None:
    """The first try is asked to come back; the next one is taken."""
    first = await asyncio.to_thread(mail, world, "throttled@example.com")
    assert first.startswith("450 4.7.1")
    assert (await asyncio.to_thread(mail, world, "throttled@example.com")).startswith("250")


async def test_disconnects_after_the_dot(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The mail is taken and the connection ends before the reply, with no error of ours."""
    reply = await asyncio.to_thread(mail, world, "reset@example.com")
    assert reply in {"SMTPServerDisconnected", "ConnectionResetError"}
    assert len(await world.requests()) == 1
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
