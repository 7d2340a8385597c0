"""The Graph API in the sandbox: answers, statuses, what the recipient writes."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest

from behaviour.sandbox.sending import whatsapp
from behaviour.sandbox.world import APP_SECRET, Call, World


def _values(calls: list[Call], name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for call in calls:
        value = json.loads(call.body)["entry"][0]["changes"][0]["value"]
        found.extend(value.get(name, []))
    return found


def _signed(call: Call) -> bool:
    expected = hmac.new(APP_SECRET.encode(), call.body, hashlib.sha256).hexdigest()
    return call.headers["x-hub-signature-256"] == f"sha256={expected}"


async def test_accepts_and_tells(world: World) -> None:
    """A valid request gets an id, and signed statuses for it that carry our attempt."""
    status, _, body = await whatsapp(world, "15550009000")
    assert status == 200
    reference = json.loads(body)["messages"][0]["id"]
    calls = await world.receiver.settled(2)
    told = _values(calls, "statuses")
    assert [one["status"] for one in told] == ["sent", "delivered"]
    assert {one["id"] for one in told} == {reference}
    assert {one["biz_opaque_callback_data"] for one in told} == {"attempt-1"}
    assert all(_signed(call) for call in calls)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"messaging_product": "sms"}, 100),
        ({"to": None}, 131008),
        ({"to": "abc"}, 131009),
        ({"recipient": "abc"}, 131009),
        ({"text": {}}, 131008),
        ({"text": {"body": 7}}, 100),
        ({"text": {"body": "x" * 4097}}, 100),
        ({"type": "template", "template": {"name": "a"}}, 131008),
        ({"type": "image", "image": {}}, 100),
        ({"type": "carousel", "carousel": {}}, 100),
        ({"type": ["text"]}, 100),
    ],
)
async def test_refuses_what_is_not_valid(world: World, changes: dict[str, Any], code: int) -> None:
    """A request that Meta would refuse gets Meta's error body and leaves no accepted request."""
    status, _, body = await whatsapp(world, **{"to": "15550009000", **changes})
    problem = json.loads(body)["error"]
    assert (status, problem["code"]) == (400, code)
    assert problem["error_data"]["details"]
    assert problem["fbtrace_id"]
    assert await world.requests() == []


async def test_refuses_a_wrong_token(world: World) -> None:
    """A wrong token is answered 401 with code 190."""
    status, _, body = await whatsapp(world, "15550009000", token="other")
    assert (status, json.loads(body)["error"]["code"]) == (401, 190)


async def test_fails_later(world: World) -> None:
    """A recipient without WhatsApp is accepted and fails by webhook with Meta's code."""
    status, _, _ = await whatsapp(world, "15550000003")
    assert status == 200
    [told] = _values(await world.receiver.settled(1), "statuses")
    assert (told["status"], told["errors"][0]["code"]) == ("failed", 131026)


async def test_throttles_once(world: World) -> None:
    """The first try is too fast and says how long to wait; the next is accepted."""
    status, headers, body = await whatsapp(world, "15550000008")
    assert (status, headers["retry-after"]) == (429, "1")
    assert json.loads(body)["error"]["code"] == 130429
    assert (await whatsapp(world, "15550000008"))[0] == 200


async def test_resets_after_accepting(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The answer is lost, the request is in the ledger, the webhooks come, the log stays quiet."""
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await whatsapp(world, "15550000011")
    assert [entry["accepted"] for entry in await world.requests()] == [True]
    await world.receiver.settled(2)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_repeats_the_same_webhook(world: World) -> None:
    """A shuffled recipient's statuses come backwards, each of them twice."""
    await whatsapp(world, "15550000013")
    told = _values(await world.receiver.settled(6), "statuses")
    assert sorted(one["status"] for one in told) == sorted(["sent", "delivered", "read"] * 2)
    assert (told[0]["status"], told[-1]["status"]) == ("read", "sent")


async def test_early_status_comes_first(world: World) -> None:
    """An early recipient's first status has arrived when the request is answered."""
    await whatsapp(world, "15550000014")
    assert [one["status"] for one in _values(world.receiver.calls, "statuses")] == ["sent"]


async def test_garbage_and_html(world: World) -> None:
    """Garbage is a 200 that is no JSON, accepted; the bare error is HTML, not accepted."""
    status, _, body = await whatsapp(world, "15550000022")
    assert (status, body) == (200, b"<<<")
    status, headers, _ = await whatsapp(world, "15550000010")
    assert status == 500
    assert headers["content-type"].startswith("text/html")
    assert [entry["to"] for entry in await world.requests()] == ["15550000022"]


@pytest.mark.parametrize("answer", [500, 204])
async def test_retries_what_is_not_200(world: World, answer: int) -> None:
    """Meta sends a webhook again, the same, unless it was answered 200 exactly."""
    world.receiver.answers = [answer]
    await whatsapp(world, "15550000003")
    first, second = await world.receiver.settled(2)
    assert first.body == second.body


async def test_recipient_answers(world: World) -> None:
    """After the delivery the recipient's reply arrives, with non-ASCII text escaped and signed."""
    await whatsapp(world, "15550000020")
    [reply] = _values(await world.receiver.settled(3), "messages")
    assert (reply["from"], reply["text"]["body"]) == ("15550000020", "Thank you!")
    await world.control("inbound", {"channel": "whatsapp", "sender": "+15550000020", "text": "é/"})
    call = (await world.receiver.settled(4))[-1]
    assert rb"\u00e9\/" in call.body
    assert _signed(call)


async def test_a_user_without_a_number_is_reached_by_id(world: World) -> None:
    """`recipient` names a user by Meta's own id, and statuses name the user so."""
    status, _, _ = await whatsapp(world, "", recipient="US.1234")
    assert status == 200
    told = _values(await world.receiver.settled(2), "statuses")
    assert {one["recipient_id"] for one in told} == {"US.1234"}
