"""Limits that the sandbox's providers keep to, in their own words."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from behaviour.sandbox.sending import email, mail, sms, whatsapp
from behaviour.sandbox.world import World

SLOW = {"rate": 0.001, "burst": 1}  # one call


async def limits(world: World) -> list[dict[str, Any]]:
    async with world.client.get(f"{world.url}/_sandbox/limits") as response:
        found: list[dict[str, Any]] = (await response.json())["limits"]
        return found


async def limit(world: World, provider: str, **changes: Any) -> None:
    status, _ = await world.control("limits", {"provider": provider, **SLOW, **changes})
    assert status == 200


@pytest.mark.parametrize(
    ("scope", "status", "code"),
    [("account", 400, 80007), ("sender", 429, 130429), ("pair", 400, 131056)],
)
async def test_whatsapp(world: World, scope: str, status: int, code: int) -> None:
    """Meta names what was too much by its code, and asks for no time."""
    await limit(world, "whatsapp_cloud", scope=scope)
    assert (await whatsapp(world, "15550009001"))[0] == 200
    refused = await whatsapp(world, "15550009001")
    assert (refused[0], json.loads(refused[2])["error"]["code"]) == (status, code)
    assert "retry-after" not in refused[1]
    assert (await whatsapp(world, "15550009002"))[0] == (200 if scope == "pair" else status)


@pytest.mark.parametrize(
    ("scope", "code"), [("account", 20429), ("sender", 21611), ("pair", 14107)]
)
async def test_twilio(world: World, scope: str, code: int) -> None:
    """Twilio names the account, the number or the recipient; other numbers are not held up."""
    await limit(world, "twilio", scope=scope, retry_after=3)
    assert (await sms(world, "+15550009001"))[0] == 201
    status, headers, body = await sms(world, "+15550009001")
    assert (status, json.loads(body)["code"], headers["retry-after"]) == (429, code, "3")
    other = await sms(world, "+15550009001", From="+15550001112")
    assert other[0] == (429 if scope == "account" else 201)


async def test_sendgrid(world: World) -> None:
    """SendGrid says 429 with nothing left, and throttles nothing but the account."""
    await limit(world, "sendgrid")
    assert (await email(world, "delivered@example.com"))[0] == 202
    status, headers, _ = await email(world, "delivered@example.com")
    assert (status, headers["x-ratelimit-remaining"]) == (429, "0")
    assert (await world.control("limits", {"provider": "sendgrid", "scope": "pair", "rate": 1}))[
        0
    ] == 400


@pytest.mark.parametrize(
    ("scope", "words"), [("account", "451 4.7.1"), ("sender", "450 4.7.1"), ("pair", "450 4.2.1")]
)
async def test_smtp(world: World, scope: str, words: str) -> None:
    """A relay throttles at RCPT."""
    await limit(world, "smtp", scope=scope)
    assert (await asyncio.to_thread(mail, world, "delivered@example.com")).startswith("250")
    assert (await asyncio.to_thread(mail, world, "delivered@example.com")).startswith(words)


async def test_they_are_counted_and_lifted(world: World) -> None:
    """Each says what it took and throttled, and is gone after a reset."""
    await limit(world, "twilio", rate=1000, burst=2, code=63018)
    answers = [await sms(world, f"+1555000{number}") for number in range(9001, 9005)]
    throttled = sum(status in {400, 429} for status, _, _ in answers)
    [shown] = await limits(world)
    assert (shown["taken"], shown["throttled"]) == (4 - throttled, throttled)
    outcomes = [entry["outcome"] for entry in await world.requests("?accepted=any")]
    assert outcomes.count("throttled_account") == throttled
    await world.control("reset")
    assert await limits(world) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": "pigeon", "rate": 1},
        {"provider": "twilio", "rate": 0},
        {"provider": "twilio", "rate": 1, "scope": "all"},
        {"provider": "twilio", "rate": 1, "speed": 2},
    ],
)
async def test_a_limit_that_is_none_is_refused(world: World, wrong: dict[str, Any]) -> None:
    """A misspelt limit is an error, and nothing is throttled."""
    assert (await world.control("limits", wrong))[0] == 400
    assert await limits(world) == []
