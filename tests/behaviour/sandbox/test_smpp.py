"""The SMSC: what Herald's own adapter gets from it, and what a recipient sees."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from behaviour.providers.smpp.making import PASSWORD, Bus, send, smpp, until
from herald.channel.accounts import SendingAccount
from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.providers.sending import Accepted, NotSent, Refused, Uncertain
from herald.providers.smpp import link
from herald_local.ports import free_port
from sandbox.flow import Flow
from sandbox.ledger import Ledger
from sandbox.providers.smpp import Smpp
from sandbox.providers.smpp_centre import SmppSystem
from sandbox.settings import Pace
from sandbox.stand_ins import InboundMessage
from sandbox.webhooks import WebhookSender
from unit.providers.smpp.making import ATTEMPT

ATTEMPT_OPTIONS: dict[str, Any] = {"timeout": timedelta(seconds=1), "user_reference": True}


@dataclass(frozen=True, slots=True)
class World:
    """A sandbox with one SMSC, and an account of Herald's there."""

    flow: Flow
    smsc: Smpp
    account: SendingAccount
    bus: Bus

    async def statuses(self, count: int) -> list[tuple[str, str]]:
        """Wait for receipts; return what each says of which message."""
        await until(lambda: len(self.bus.published) >= count)
        found = [item for item in self.bus.published if isinstance(item, AttemptReceipt)]
        return [(item.references[0], item.status) for item in found]


@asynccontextmanager
async def running(
    tmp_path: Path, options: dict[str, Any] | None = None, **system: Any
) -> AsyncIterator[World]:
    """Run an SMSC."""
    flow = Flow(
        Ledger(tmp_path / "requests.jsonl"),
        WebhookSender(Pace(webhook_delay_ms=10, slow_seconds=1.5), enabled=True),
    )
    fields = {"port": free_port(), "system_id": "herald", "password": SecretStr(PASSWORD)}
    settings = SmppSystem.model_validate(fields | system)
    smsc = Smpp({"main": settings}, flow)
    account, bus = smpp(settings.port, **ATTEMPT_OPTIONS, **(options or {})), Bus()
    await flow.ledger.start()
    await flow.webhooks.start()
    await smsc.start()
    await account.provider.start(bus.emit)
    try:
        yield World(flow, smsc, account, bus)
    finally:
        await account.provider.stop()
        await smsc.stop()
        await flow.webhooks.stop()
        await flow.ledger.stop()


@pytest.mark.parametrize("form", ["text", "tlv", "both"])
async def test_a_message_is_delivered(tmp_path: Path, form: str) -> None:
    """Receipts name it as the response did, in each form and with ids written in two ways."""
    options = {"response_ids": "hex", "receipt_ids": "decimal"}
    async with running(tmp_path, options, receipts=form, response_ids="hex") as world:
        found = await send(world.account, "Grüße €")
        assert isinstance(found, Accepted)
        [reference] = found.references
        assert await world.statuses(2) == [(reference, "sent"), (reference, "delivered")]
        [message] = world.flow.inbox.messages()
        assert (message.to, message.shown.text) == ("+15550001234", "Grüße €")
        [entry] = world.flow.ledger.entries()
        assert (entry["provider"], entry["reference"]) == ("smpp", reference)


@pytest.mark.parametrize("how", ["udh-8", "udh-16", "sar", "payload"])
async def test_a_long_message_is_shown_whole(tmp_path: Path, how: str) -> None:
    """However it travels; the last part's receipt says that it arrived."""
    text = "Дорогая редакция! " * 20
    async with running(tmp_path, {"long_messages": how}) as world:
        found = await send(world.account, text)
        assert isinstance(found, Accepted)
        [message] = world.flow.inbox.messages()
        assert message.shown.text == text
        assert (found.references[-1], "delivered") in await world.statuses(2)


@pytest.mark.parametrize(
    ("digits", "result"),
    [
        ("0005", ("unreachable", "0x0B")),
        ("0009", ("transient", "0x08")),
        ("0023", ("auth", "0x0E")),
        ("0025", ("rate_limited", "0x58")),
        ("0026", ("permanent", "0x0410")),
    ],
)
async def test_refused(tmp_path: Path, digits: str, result: tuple[str, str]) -> None:
    """By the case of the recipient."""
    async with running(tmp_path) as world:
        found = await send(world.account, to=f"+1555000{digits}")
        assert isinstance(found, Refused)
        assert (found.failure.failure_class, found.failure.code) == result


@pytest.mark.parametrize(
    ("digits", "code"),
    [
        ("0010", "submit_link_lost"),
        ("0021", "submit_timeout"),
        ("0022", "submit_garbage"),
    ],
)
async def test_uncertain(tmp_path: Path, digits: str, code: str) -> None:
    """The connection ends, or nothing that can be read comes in time."""
    async with running(tmp_path) as world:
        assert await send(world.account, to=f"+1555000{digits}") == Uncertain(code)


async def test_a_lost_response_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SMSC unbinds in place of a response, and its receipts name the attempt."""
    monkeypatch.setattr(link, "LEAVE_SECONDS", 0.1)
    async with running(tmp_path) as world:
        found = await send(world.account, to="+15550000011")
        assert found == Uncertain("submit_unbound_by_smsc")
        await world.statuses(2)
        receipts = [item for item in world.bus.published if isinstance(item, AttemptReceipt)]
        assert {receipt.attempt_id for receipt in receipts} == {ATTEMPT}


async def test_a_failure_later(tmp_path: Path) -> None:
    """A receipt says why."""
    async with running(tmp_path) as world:
        await send(world.account, to="+15550000006")
        await world.statuses(1)
        [receipt] = world.bus.published
        assert isinstance(receipt, AttemptReceipt)
        assert receipt.failure is not None
        assert receipt.failure.failure_class == "unreachable"


async def test_a_receipt_before_the_response(tmp_path: Path) -> None:
    """It comes in the same connection, just before."""
    async with running(tmp_path) as world:
        found = await send(world.account, to="+15550000014")
        assert isinstance(found, Accepted)
        assert found.references[0] in dict(await world.statuses(1))


async def test_what_recipients_write(tmp_path: Path) -> None:
    """A reply, and a long text of somebody's in parts."""
    async with running(tmp_path) as world:
        await send(world.account, to="+15550000019")
        await until(lambda: any(isinstance(item, InboundReceipt) for item in world.bus.published))
        world.bus.published.clear()
        message = InboundMessage(
            channel="sms", account="main", sender="+15550007777", text="Ж" * 100, fields=None
        )
        await world.flow.webhooks.now(world.smsc.inbound(message))
        await until(lambda: len(world.bus.published) == 2)
        parts = [item for item in world.bus.published if isinstance(item, InboundReceipt)]
        parts.sort(key=lambda item: item.part.number if item.part else 0)
        assert "".join(item.text or "" for item in parts) == "Ж" * 100
        assert {item.sender for item in parts} == {"+15550007777"}


async def test_a_receipt_is_repeated_until_it_is_taken(tmp_path: Path) -> None:
    """The bus comes back, and nothing is lost."""
    async with running(tmp_path) as world:
        world.bus.away = True
        await send(world.account)
        await asyncio.sleep(0.1)
        assert world.bus.published == []
        world.bus.away = False
        assert {status for _, status in await world.statuses(2)} == {"sent", "delivered"}


@pytest.mark.parametrize(
    ("system", "code"),
    [
        ({"max_binds": 0}, "bind_0x05"),
        ({"system_id": "other"}, "bind_0x0F"),
        ({"password": SecretStr("other")}, "bind_0x0E"),
    ],
)
async def test_binds_refused(tmp_path: Path, system: dict[str, Any], code: str) -> None:
    """Too many, or somebody else."""
    async with running(tmp_path, **system) as world:
        found = await send(world.account)
        assert isinstance(found, NotSent | Refused)
        assert (found.code if isinstance(found, NotSent) else found.failure.code) == code
