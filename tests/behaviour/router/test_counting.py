"""What the router counts: every answer, and every dead letter once it is kept."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from behaviour.router.receipts import inbound, receipt, webhook
from behaviour.router.units import lose_one_commit, units_of_work
from behaviour.router.world import CONFIGURATION, World, command
from herald.config.loading import load_configuration
from herald.contracts.commands import CancelMessage
from herald.contracts.vocabulary import Status
from herald.contracts.work import Work
from router.handlers import cancel
from router.jobs.orphaned_receipts import PATIENCE, OrphanedReceipts

KEPT = "SELECT count(*) FROM router.dead_letters WHERE reason = $1 AND position($2 IN body) > 0"
PARKED = "SELECT parked FROM router.provider_refs WHERE reference = $1"


def answers(kind: str, lane: str, answer: str) -> float:
    labels = {"command": kind, "lane": lane, "answer": answer}
    return REGISTRY.get_sample_value("herald_commands_total", labels) or 0.0


def dead_letters(queue: str) -> float:
    return REGISTRY.get_sample_value("herald_dead_letters_total", {"queue": queue}) or 0.0


@asynccontextmanager
async def one_more_answer(world: World, kind: str, lane: str, answer: str) -> AsyncIterator[None]:
    before = answers(kind, lane, answer)
    yield
    await world.until(lambda: answers(kind, lane, answer) == before + 1)


async def park_unreadably(world: World, work: Work) -> bytes:
    """Park a receipt, and another as a later version may write it; return a word of that one."""
    await world.report(webhook(work, Status.DELIVERED))
    reference, word = f"ref-{work.attempt_id}", uuid.uuid4().hex
    await world.row(PARKED, reference)
    await world.database.execute(
        "UPDATE router.provider_refs SET parked = (parked::jsonb || $2::jsonb)::json"
        " WHERE reference = $1",
        *(reference, json.dumps([{"of_a_later_version": word}])),
    )
    return word.encode()


async def test_sends_count_by_lane_and_answer(world: World) -> None:
    """Accepted, the same again, and refused."""
    body = command()
    async with one_more_answer(world, "send", "urgent", "accepted"):
        await world.ask(body, "message.send.urgent")
    async with one_more_answer(world, "send", "urgent", "duplicate"):
        await world.ask(body, "message.send.urgent")
    async with one_more_answer(world, "send", "bulk", "rejected"):
        await world.ask(b"{", "message.send.bulk")


async def test_cancels_count(world: World) -> None:
    """One that is done, one that can't be read and one of a message that is not there."""
    key = await world.send(send_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    await world.heard("accepted", key)
    async with one_more_answer(world, "cancel", "none", "accepted"):
        await world.cancel(key)
    for refused in ({}, {"idempotency_key": "of nobody"}):
        async with one_more_answer(world, "cancel", "none", "rejected"):
            await world.ask(refused, "message.cancel")


async def test_commands_that_nobody_knows_count(world: World) -> None:
    """A producer that misspells its routing key shows."""
    async with one_more_answer(world, "unknown", "none", "rejected"):
        await world.ask(command(), "message.sned")


async def test_commands_that_break_us_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An internal error is answered, and so it is counted."""

    def fail(*_: object) -> CancelMessage:
        raise RuntimeError

    monkeypatch.setattr(cancel, "read_cancel", fail)
    async with one_more_answer(world, "cancel", "none", "rejected"):
        await world.ask({"idempotency_key": "any"}, "message.cancel")


async def test_a_refused_command_is_one_dead_letter(world: World) -> None:
    """Published twice under one message id it is kept once, and counted once."""
    before = dead_letters("commands")
    name = str(uuid.uuid4())
    for _ in range(2):
        await world.ask(b"[]", message_id=name)
    await world.ask(b"[]")
    assert dead_letters("commands") == before + 2


async def test_foreign_receipts_are_dead_letters(world: World) -> None:
    """A receipt that names nothing counts once it is kept."""
    before = dead_letters("router")
    work = await world.work("whatsapp", await world.send())
    word = uuid.uuid4().hex
    await world.report(webhook(work, Status.SENT, references=(), element={"word": word}))
    await world.row(KEPT, "foreign_receipt", word.encode())
    await world.until(lambda: dead_letters("router") == before + 1)


async def test_orphaned_receipts_are_dead_letters(world: World) -> None:
    """One that another version parked, and that can't be read, is kept too and stops no other."""
    before = dead_letters("router")
    work = await world.work("whatsapp", await world.send())
    word = await park_unreadably(world, work)
    async with units_of_work(world.dsn) as units:
        orphaned = OrphanedReceipts(units, load_configuration(CONFIGURATION).file)
        await orphaned.sweep(datetime.now(UTC) + PATIENCE + timedelta(minutes=1))
    assert dead_letters("router") == before + 2
    assert await world.database.fetchval(KEPT, "unreadable", word) == 1


async def test_an_acceptance_takes_up_what_can_be_read(world: World) -> None:
    """What another version parked is kept if it can't be read; all else is applied."""
    key = await world.send()
    work = await world.work("whatsapp", key)
    word = await park_unreadably(world, work)
    await world.report(receipt(work, Status.ACCEPTED))
    await world.heard("delivered", key)
    assert await world.row(KEPT, "unreadable", word) == 1


IN_DEAD_LETTERS = "SELECT count(*) FROM router.dead_letters WHERE position($1 IN body) > 0"
IN_INBOUND = "SELECT count(*) FROM router.inbound WHERE reference = convert_from($1, 'UTF8')"


async def test_an_inbound_message_counts_once_when_its_batch_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that was rolled back counted nothing."""
    marker = uuid.uuid4().hex
    labels = {"channel": "whatsapp", "account": "wa-main", "new": "true"}
    before = REGISTRY.get_sample_value("herald_inbound_total", labels) or 0.0
    lost = lose_one_commit(monkeypatch, IN_INBOUND, marker.encode())
    await world.report(inbound(reference=marker))
    await world.row(IN_INBOUND, marker.encode())
    await world.report(inbound(reference=f"{marker}-after"))
    await world.row(IN_INBOUND, f"{marker}-after".encode())
    assert lost
    await world.until(
        lambda: (REGISTRY.get_sample_value("herald_inbound_total", labels) or 0.0) >= before + 2
    )
    assert REGISTRY.get_sample_value("herald_inbound_total", labels) == before + 2


async def test_a_refusal_counts_once_when_its_batch_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command and its dead letter, each."""
    marker = uuid.uuid4().hex
    before = dead_letters("commands")
    lost = lose_one_commit(monkeypatch, IN_DEAD_LETTERS, marker.encode())
    async with one_more_answer(world, "send", "normal", "rejected"):
        await world.ask({"nothing": marker})
    assert lost
    assert dead_letters("commands") == before + 1


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("commands", {"command": "cancel", "lane": "none", "answer": "too_late"}),
        ("commands", {"command": "cancel", "lane": "none", "answer": "duplicate"}),
        ("commands", {"command": "drop", "lane": "none", "answer": "duplicate"}),
        ("dead_letters", {"queue": "outbound"}),
        (
            "attempt_facts",
            {
                "channel": "email",
                "provider": "smtp",
                "account": "smtp-main",
                "status": "failed",
                "failure_class": "auth",
            },
        ),
        ("outcomes", {"outcome": "expired", "channel": "none"}),
        ("fallbacks", {"from_channel": "sms", "to_channel": "email", "reason": "silence"}),
        ("handled_after_limit", {"queue": "router.control"}),
    ],
)
async def test_series_exist_before_their_first_use(
    world: World, name: str, labels: dict[str, str]
) -> None:
    """A rate needs a zero to begin at: without it the first failure of an account is unseen."""
    assert world.apps
    assert REGISTRY.get_sample_value(f"herald_{name}_total", labels) is not None
