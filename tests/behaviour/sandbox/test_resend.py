"""Resend in the sandbox, as Herald's own adapter uses it."""

from __future__ import annotations

import pytest

from behaviour.sandbox.mail_accounts import RESEND
from behaviour.sandbox.round_trips import both_sides
from behaviour.sandbox.world import World
from herald.contracts.receipts import InboundReceipt
from herald.providers.sending import Accepted, Refused
from unit.channel_email.making import ATTEMPT, work

SECRETS = {"api_key": RESEND["api_key"], "webhook_secrets": [RESEND["webhook_secret"]]}


@pytest.mark.parametrize(
    ("to", "statuses"),
    [
        ("clicked@example.com", ["delivered", "read", "clicked"]),
        ("hard-bounce@example.com", ["bounced"]),
    ],
)
async def test_statuses(world: World, to: str, statuses: list[str]) -> None:
    """What is taken is reported in our own words, with our own id."""
    async with both_sides(world, "resend", {}, SECRETS) as both:
        result = await both.sending.send(work(to=to))
        receipts = await both.receipts()
    assert isinstance(result, Accepted)
    found = [receipt for receipt in receipts if receipt.kind == "attempt"]
    assert [receipt.status for receipt in found] == statuses
    assert {receipt.attempt_id for receipt in found} == {ATTEMPT}
    assert {receipt.references for receipt in found} == {result.references}


@pytest.mark.parametrize("to", ["reset@example.com", "garbage@example.com"])
async def test_a_lost_response(world: World, to: str) -> None:
    """The same call again brings the first one's id, and the recipient gets one mail."""
    async with both_sides(world, "resend", {}, SECRETS) as both:
        result = await both.sending.send(work(to=to))
        receipts = await both.receipts()
    assert isinstance(result, Accepted)
    assert {receipt.references for receipt in receipts if receipt.kind == "attempt"} == {
        result.references
    }
    assert len(await world.requests()) == 1


@pytest.mark.parametrize(
    ("secrets", "to", "expected"),
    [
        ({}, "everything-fails@example.com", ("permanent", "validation_error")),
        ({"api_key": "wrong"}, "a@example.com", ("auth", "missing_api_key")),
        ({}, "throttled@example.com", ("rate_limited", "rate_limit_exceeded")),
    ],
)
async def test_refusals(
    world: World, secrets: dict[str, str], to: str, expected: tuple[str, str]
) -> None:
    """A refusal, a wrong key and too many calls are what they are."""
    async with both_sides(world, "resend", {}, SECRETS | secrets) as both:
        result = await both.sending.send(work(to=to))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == expected


async def test_a_mail_that_comes_in(world: World) -> None:
    """A mail is reported without its text; the address that it was written to names our attempt."""
    document = {"channel": "email", "provider": "resend", "sender": "ada@example.org"}
    message = {"to": [f"reply+{ATTEMPT}@in.example.com"]}
    await world.control("inbound", {**document, "text": "Re: x", "message": message})
    async with both_sides(world, "resend", {}, SECRETS) as both:
        [receipt] = await both.receipts()
    assert isinstance(receipt, InboundReceipt)
    assert (receipt.sender, receipt.subject, receipt.text) == ("ada@example.org", "Re: x", None)
    assert receipt.answered_attempt == ATTEMPT
