"""MessageBird in the sandbox, as Herald's own adapter uses it."""

from __future__ import annotations

from behaviour.sandbox.round_trips import both_sides
from behaviour.sandbox.sms_accounts import MESSAGEBIRD
from behaviour.sandbox.world import World
from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.providers.sending import Accepted, Refused
from unit.channel.making import ATTEMPT, work


async def test_a_text_and_an_answer(world: World) -> None:
    """Reports come as signed GETs, a recipient's words as a signed form."""
    async with both_sides(world, "messagebird", {}, MESSAGEBIRD) as both:
        result = await both.sending.send(work(to="+15550000019"))
        assert isinstance(result, Accepted)
        receipts = await both.receipts()
    reports = [it for it in receipts if isinstance(it, AttemptReceipt)]
    assert [(it.attempt_id, it.status) for it in reports] == [
        (ATTEMPT, "sent"),
        (ATTEMPT, "delivered"),
    ]
    assert {it.references for it in reports} == {result.references}
    said = [it for it in receipts if isinstance(it, InboundReceipt)]
    assert [(it.sender, it.text) for it in said] == [("+15550000019", "STOP")]


async def test_refusals_and_failures(world: World) -> None:
    """What the API refuses, and what a report says later."""
    async with both_sides(world, "messagebird", {}, MESSAGEBIRD) as both:
        for to, failure_class in (
            ("+15550000005", "unreachable"),
            ("+15550000008", "rate_limited"),
            ("+15550000009", "transient"),
            ("+15550000023", "auth"),
        ):
            result = await both.sending.send(work(to=to))
            assert isinstance(result, Refused)
            assert result.failure.failure_class == failure_class
        for to in ("+15550000006", "+15550000026"):
            assert isinstance(await both.sending.send(work(to=to)), Accepted)
        reports = [it for it in await both.receipts() if isinstance(it, AttemptReceipt)]
    classes = {it.failure.failure_class for it in reports if it.failure is not None}
    assert classes == {"unreachable", "opted_out"}


async def test_refuses_what_is_not_valid(world: World) -> None:
    """A request that MessageBird would refuse gets its error."""
    good = {"recipients": ["15550009000"], "originator": "Herald", "body": "Hi"}
    headers = {"Authorization": f"AccessKey {MESSAGEBIRD['access_key']}"}
    for changes, code in (
        ({"recipients": []}, 9),
        ({"recipients": ["+1555"]}, 9),
        ({"originator": "much too long a name"}, 10),
        ({"body": ""}, 10),
        ({"body": "x" * 1378}, 10),
        ({"datacoding": "morse"}, 10),
        ({"validity": 0}, 10),
    ):
        async with world.client.post(
            f"{world.url}/messagebird/messages", json={**good, **changes}, headers=headers
        ) as response:
            assert response.status == 422
            assert [item["code"] for item in (await response.json())["errors"]] == [code]
    assert await world.requests() == []
