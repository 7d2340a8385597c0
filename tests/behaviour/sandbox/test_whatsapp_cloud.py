"""The WhatsApp Cloud API in the sandbox: responses, statuses, what the recipient writes."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest

from behaviour.sandbox.sending import whatsapp
from behaviour.sandbox.world import APP_SECRET, PHONE_NUMBER_ID, Received, World


def _values(webhooks: list[Received], name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for webhook in webhooks:
        value = json.loads(webhook.body)["entry"][0]["changes"][0]["value"]
        found.extend(value.get(name, []))
    return found


def _signed(webhook: Received) -> bool:
    expected = hmac.new(APP_SECRET.encode(), webhook.body, hashlib.sha256).hexdigest()
    return webhook.headers["x-hub-signature-256"] == f"sha256={expected}"


async def test_accepts_and_reports(world: World) -> None:
    """A valid request gets an id, and signed statuses for it that carry our attempt."""
    status, _, body = await whatsapp(world, "15550009000")
    assert status == 200
    reference = json.loads(body)["messages"][0]["id"]
    webhooks = await world.webhooks()
    statuses = _values(webhooks, "statuses")
    assert [one["status"] for one in statuses] == ["sent", "delivered"]
    assert {one["id"] for one in statuses} == {reference}
    assert {one["biz_opaque_callback_data"] for one in statuses} == {"attempt-1"}
    assert all(_signed(webhook) for webhook in webhooks)


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
    """A wrong token gets 401 with code 190."""
    status, _, body = await whatsapp(world, "15550009000", token="other")
    assert (status, json.loads(body)["error"]["code"]) == (401, 190)


async def test_fails_later(world: World) -> None:
    """A recipient without WhatsApp is accepted and fails by webhook with Meta's code."""
    status, _, _ = await whatsapp(world, "15550000003")
    assert status == 200
    [last] = _values(await world.webhooks(), "statuses")
    assert (last["status"], last["errors"][0]["code"]) == ("failed", 131026)


async def test_outside_the_window_a_template_is_delivered(world: World) -> None:
    """Who has not written for a day gets templates; a text fails later, with Meta's code."""
    template = {"name": "greeting", "language": {"code": "en"}}
    await whatsapp(world, "15550000029", type="template", template=template)
    statuses = _values(await world.webhooks(), "statuses")
    assert [one["status"] for one in statuses] == ["sent", "delivered"]
    await whatsapp(world, "15550000029")
    last = _values(await world.webhooks(), "statuses")[-1]
    assert (last["status"], last["errors"][0]["code"]) == ("failed", 131047)


async def test_former_path(world: World) -> None:
    """A `base_url` that ends with /graph still works."""
    url = f"{world.url}/graph/v25.0/{PHONE_NUMBER_ID}/messages"
    async with world.client.post(url, json={}) as response:
        assert response.status == 401


async def test_throttles_once(world: World) -> None:
    """The first try is too fast and says how long to wait; the next is accepted."""
    status, headers, body = await whatsapp(world, "15550000008")
    assert (status, headers["retry-after"]) == (429, "1")
    assert json.loads(body)["error"]["code"] == 130429
    assert (await whatsapp(world, "15550000008"))[0] == 200


async def test_resets_after_accepting(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The response is lost, the request recorded, its webhooks come; no error is logged."""
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await whatsapp(world, "15550000011")
    assert [entry["accepted"] for entry in await world.requests()] == [True]
    await world.webhooks()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_repeats_the_same_webhook(world: World) -> None:
    """A shuffled recipient's statuses come backwards, each of them twice."""
    await whatsapp(world, "15550000013")
    statuses = _values(await world.webhooks(), "statuses")
    assert sorted(one["status"] for one in statuses) == sorted(["sent", "delivered", "read"] * 2)
    assert (statuses[0]["status"], statuses[-1]["status"]) == ("read", "sent")


async def test_early_status_comes_first(world: World) -> None:
    """An early recipient's first status has arrived before the response."""
    await whatsapp(world, "15550000014")
    assert [one["status"] for one in _values(world.receiver.received, "statuses")] == ["sent"]


async def test_garbage_and_html(world: World) -> None:
    """Garbage is a 200 that is no JSON, accepted; the bare error is HTML, not accepted."""
    status, _, body = await whatsapp(world, "15550000022")
    assert (status, body) == (200, b"<<<")
    status, headers, _ = await whatsapp(world, "15550000010")
    assert status == 500
    assert headers["content-type"].startswith("text/html")
    assert [entry["to"] for entry in await world.requests()] == ["15550000022"]


@pytest.mark.parametrize("status", [500, 204])
async def test_retries_what_is_not_200(world: World, status: int) -> None:
    """Meta sends the same webhook again unless it got 200 exactly."""
    world.receiver.statuses = [status]
    await whatsapp(world, "15550000003")
    first, second = await world.webhooks()
    assert first.body == second.body


async def test_recipient_writes_back(world: World) -> None:
    """After the delivery the recipient's reply arrives, with non-ASCII text escaped and signed."""
    await whatsapp(world, "15550000020")
    [reply] = _values(await world.webhooks(), "messages")
    assert (reply["from"], reply["text"]["body"]) == ("15550000020", "Thank you!")
    await world.control("inbound", {"channel": "whatsapp", "sender": "+15550000020", "text": "é/"})
    webhook = (await world.webhooks())[-1]
    assert rb"\u00e9\/" in webhook.body
    assert _signed(webhook)


async def test_a_user_without_a_number_is_reached_by_id(world: World) -> None:
    """`recipient` names a user by Meta's own id, and statuses name the user so."""
    status, _, _ = await whatsapp(world, "", recipient="US.1234")
    assert status == 200
    statuses = _values(await world.webhooks(), "statuses")
    assert {one["recipient_id"] for one in statuses} == {"US.1234"}
