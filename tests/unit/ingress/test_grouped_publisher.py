"""Messages of many requests, published together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from herald.bus.errors import NackedError, PublishError
from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.publishing import Publisher
from herald.bus.receipt_messages import receipt_message
from herald.contracts.vocabulary import Lane
from ingress.grouped_publisher import (
    MAKE_A_GROUP,
    MAX_GROUPS,
    MAX_PART,
    NOT_PUBLISHED,
    PARTS_AT_ONCE,
    GroupedPublisher,
)
from unit.shared.bus.test_receipt_messages import ATTEMPT


class Bus:
    """Publishes when the test lets it; refuses every message whose id starts with `bad`."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.open = asyncio.Event()
        self.broken = False

    async def publish_many(
        self,
        messages: Sequence[OutgoingMessage],
        *,
        while_progressing: bool,  # noqa: ARG002
    ) -> list[PublishError | None]:
        names = [message.message_id for message in messages]
        self.groups.append(names)
        await self.open.wait()
        if self.broken:
            raise RuntimeError
        return [NackedError(name, "full") if name.startswith("bad") else None for name in names]


def message(message_id: str) -> OutgoingMessage:
    return OutgoingMessage("exchange", "key", b"{}", message_id, "type")


def outgoing(bus: Bus) -> GroupedPublisher:
    return GroupedPublisher(cast("Publisher", bus))


async def until_idle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_calls_that_are_ready_together_are_one_group() -> None:
    """Calls share one publish, and each learns of its own messages, in order."""
    bus = Bus()
    out = outgoing(bus)
    bus.open.set()
    results = await asyncio.gather(
        out.publish([message("a1"), message("bad2")]), out.publish([message("b1")]), out.publish([])
    )
    assert bus.groups == [["a1", "bad2", "b1"]]
    assert [[outcome is None for outcome in own] for own in results] == [[True, False], [True], []]


async def test_receipts_of_a_group_share_messages_and_what_becomes_of_them() -> None:
    """Each call learns what became of the message that its own receipts were in."""
    bus = Bus()
    out = outgoing(bus)
    first, second = (
        ATTEMPT.model_copy(update={"event_key": str(number), "lane": Lane.URGENT})
        for number in range(2)
    )
    alone = message("bad")
    bus.open.set()
    results = await asyncio.gather(
        out.publish([receipt_message(first), alone]), out.publish([receipt_message(second)])
    )
    assert [[outcome is None for outcome in own] for own in results] == [[True, False], [True]]
    [[together, last]] = bus.groups
    assert last == "bad"
    assert together not in {first.receipt_id, second.receipt_id}


async def test_where_routers_do_not_read_it_each_receipt_has_its_message() -> None:
    """As the configuration says it."""
    bus = Bus()
    out = GroupedPublisher(cast("Publisher", bus), in_batches=False)
    bus.open.set()
    status = receipt_message(ATTEMPT)
    await asyncio.gather(out.publish([status]), out.publish([status]))
    assert bus.groups == [[status.message_id] * 2]


async def test_the_more_groups_are_on_their_way_the_more_calls_make_another() -> None:
    """A lone call goes at once; past the last group all that comes waits together."""
    bus = Bus()
    out = outgoing(bus)
    calls = []
    for number in range(sum(MAKE_A_GROUP) + 20):
        calls.append(asyncio.ensure_future(out.publish([message(str(number))])))
        await until_idle()
    assert [len(group) for group in bus.groups] == list(MAKE_A_GROUP)
    bus.open.set()
    assert all(outcome == [None] for outcome in await asyncio.gather(*calls))
    assert [len(group) for group in bus.groups[MAX_GROUPS:]] == [20]


async def test_a_lone_call_waits_for_no_other() -> None:
    """What made no group beside another one goes when that one has ended."""
    bus = Bus()
    out = outgoing(bus)
    first = asyncio.ensure_future(out.publish([message("1")]))
    await until_idle()
    second = asyncio.ensure_future(out.publish([message("2")]))
    await until_idle()
    assert bus.groups == [["1"]]
    bus.open.set()
    assert [await first, await second] == [[None], [None]]
    assert bus.groups == [["1"], ["2"]]


async def test_a_cancelled_call_does_not_disturb_the_others() -> None:
    """A caller that goes away takes nothing from those in its group."""
    bus = Bus()
    out = outgoing(bus)
    gone, stays = (asyncio.ensure_future(out.publish([message(name)])) for name in ("gone", "bad"))
    await until_idle()
    gone.cancel()
    bus.open.set()
    [outcome] = await stays
    assert isinstance(outcome, NackedError)
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_a_defect_leaves_nobody_waiting() -> None:
    """When a group ends without outcomes its messages have failed, and the next group is served."""
    bus = Bus()
    out = outgoing(bus)
    bus.broken = True
    bus.open.set()
    assert await out.publish([message("a")]) == [NOT_PUBLISHED]
    bus.broken = False
    assert await out.publish([message("b")]) == [None]


async def test_a_call_of_thousands_goes_part_by_part() -> None:
    """A small call's messages wait for a part of a large one's, never for all of them."""
    bus = Bus()
    out = outgoing(bus)
    bus.open.set()
    large = asyncio.ensure_future(out.publish([message(f"l{n}") for n in range(3 * MAX_PART + 1)]))
    await asyncio.sleep(0)
    small = asyncio.ensure_future(out.publish([message("s")]))
    assert await small == [None]
    assert all(len(group) <= PARTS_AT_ONCE * MAX_PART + 1 for group in bus.groups)
    assert await large == [None] * (3 * MAX_PART + 1)
    assert sum(len(group) for group in bus.groups) == 3 * MAX_PART + 2


async def test_what_follows_a_failed_part_is_not_tried() -> None:
    """A broker that takes nothing costs a large call one deadline, not one for each part."""
    bus = Bus()
    out = outgoing(bus)
    bus.open.set()
    names = ["bad", *(str(n) for n in range(4 * MAX_PART))]
    outcomes = await out.publish([message(name) for name in names])
    tried = sum(len(group) for group in bus.groups)
    assert tried <= PARTS_AT_ONCE * MAX_PART
    assert isinstance(outcomes[0], NackedError)
    assert outcomes[tried:] == [NOT_PUBLISHED] * (len(names) - tried)
