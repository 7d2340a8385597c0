"""Mailgun in the sandbox, as Herald's own adapter uses it."""

from __future__ import annotations

import pytest

from behaviour.sandbox.mail_accounts import MAILGUN
from behaviour.sandbox.round_trips import both_sides
from behaviour.sandbox.world import World
from herald.contracts.receipts import InboundReceipt
from herald.providers.sending import Accepted, Refused
from unit.channel_email.making import ATTEMPT, work

OPTIONS = {"domain": MAILGUN["domain"]}
SECRETS = {"api_key": MAILGUN["api_key"], "webhook_signing_keys": [MAILGUN["signing_key"]]}


@pytest.mark.parametrize(
    ("to", "statuses"),
    [
        ("clicked@example.com", ["delivered", "read", "clicked"]),
        ("hard-bounce@example.com", ["bounced"]),
        ("deferred@example.com", ["deferred", "delivered"]),
    ],
)
async def test_statuses(world: World, to: str, statuses: list[str]) -> None:
    """What is taken is reported in our own words, with our own id as Message-ID, too."""
    async with both_sides(world, "mailgun", OPTIONS, SECRETS) as both:
        result = await both.sending.send(work(to=to))
        receipts = await both.receipts()
    assert isinstance(result, Accepted)
    assert result.references == (f"{ATTEMPT}@example.com",)
    found = [receipt for receipt in receipts if receipt.kind == "attempt"]
    assert [receipt.status for receipt in found] == statuses
    assert {receipt.attempt_id for receipt in found} == {ATTEMPT}
    assert {receipt.references for receipt in found} == {result.references}


@pytest.mark.parametrize(
    ("changes", "secrets", "to", "expected"),
    [
        ({}, {}, "everything-fails@example.com", ("permanent", "http_400")),
        ({}, {"api_key": "wrong"}, "a@example.com", ("auth", "http_401")),
        ({"domain": "other.example.com"}, {}, "a@example.com", ("auth", "http_404")),
        ({}, {}, "throttled@example.com", ("rate_limited", "http_429")),
    ],
)
async def test_refusals(
    world: World,
    changes: dict[str, str],
    secrets: dict[str, str],
    to: str,
    expected: tuple[str, str],
) -> None:
    """A refusal, a wrong key, another region's domain and too many calls are what they are."""
    async with both_sides(world, "mailgun", OPTIONS | changes, SECRETS | secrets) as both:
        result = await both.sending.send(work(to=to))
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == expected


async def test_a_wrong_base_url(world: World) -> None:
    """A path that is none of the API's is not taken for an acceptance."""
    options = {**OPTIONS, "base_url": f"{world.url}/mailgun/v4"}
    async with both_sides(world, "mailgun", options, SECRETS) as both:
        result = await both.sending.send(work())
    assert isinstance(result, Refused)
    assert result.failure.code == "wrong_base_url"


async def test_a_reply_names_our_mail(world: World) -> None:
    """Somebody writes back: their mail says which one it answers."""
    message = {"In-Reply-To": f"<{ATTEMPT}@example.com>"}
    document = {"channel": "email", "provider": "mailgun", "sender": "ada@example.org"}
    await world.control("inbound", {**document, "text": "Yes", "message": message})
    async with both_sides(world, "mailgun", OPTIONS, SECRETS) as both:
        [receipt] = await both.receipts()
    assert isinstance(receipt, InboundReceipt)
    assert (receipt.sender, receipt.text) == ("ada@example.org", "Yes")
    assert receipt.answered_attempt == ATTEMPT
