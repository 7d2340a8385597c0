"""Twilio in the sandbox, WhatsApp: addresses, statuses, errors, what the recipient writes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from behaviour.sandbox.sending import sms, sms_status
from behaviour.sandbox.twilio_forms import form_of, is_signed
from behaviour.sandbox.world import World

OURS = "whatsapp:+15550001111"


async def _send(world: World, digits: str, **changes: str) -> dict[str, Any]:
    form = {"To": f"whatsapp:+1555000{digits}", "From": OURS, **changes}
    status, _, body = await sms(world, form.pop("To"), **form)
    assert status == 201
    message: dict[str, Any] = json.loads(body)
    return message


async def test_delivered_and_read(world: World) -> None:
    """Statuses go up to read, signed over WhatsApp's own fields too; the message follows them."""
    message = await _send(world, "0001")
    assert (message["to"], message["from"]) == ("whatsapp:+15550000001", OURS)
    webhooks = await world.webhooks()
    forms = [form_of(webhook) for webhook in webhooks]
    assert [form["MessageStatus"] for form in forms] == ["sent", "delivered", "read"]
    assert [form.get("EventType") for form in forms] == [None, "DELIVERED", "READ"]
    assert {form["ChannelToAddress"] for form in forms} == {"+15550000001"}
    assert all(is_signed(world, webhook) for webhook in webhooks)
    assert json.loads((await sms_status(world, message["sid"]))[2])["status"] == "read"


async def test_is_recorded_as_whatsapp(world: World) -> None:
    """A request is recorded with its channel, and the recipient without Twilio's prefix."""
    await _send(world, "9000")
    [entry] = await world.requests("?channel=whatsapp")
    assert (entry["provider"], entry["to"]) == ("twilio", "+15550009000")


@pytest.mark.parametrize(
    ("digits", "code"), [("0002", "63024"), ("0003", "63024"), ("0024", "63019"), ("0029", "63016")]
)
async def test_fails_after_the_acceptance(world: World, digits: str, code: str) -> None:
    """What WhatsApp itself refuses is accepted by Twilio and fails by callback."""
    await _send(world, digits)
    [form] = [form_of(webhook) for webhook in await world.webhooks()]
    assert (form["MessageStatus"], form["ErrorCode"]) == ("failed", code)


@pytest.mark.parametrize(("digits", "status", "code"), [("0023", 401, 20003), ("0026", 400, 21610)])
async def test_refuses(world: World, digits: str, status: int, code: int) -> None:
    """What Twilio itself refuses gets an error response."""
    response = await sms(world, f"whatsapp:+1555000{digits}", From=OURS)
    assert (response[0], json.loads(response[2])["code"]) == (status, code)
    assert await world.webhooks() == []


async def test_template_outside_the_window(world: World) -> None:
    """A template is delivered to somebody who has not written for a day."""
    await _send(world, "0029", Body="", ContentSid="HX1", ContentVariables='{"1": "Ada"}')
    statuses = [form_of(webhook)["MessageStatus"] for webhook in await world.webhooks()]
    assert statuses == ["sent", "delivered"]


async def test_both_addresses_are_of_one_channel(world: World) -> None:
    """A number of SMS can't write to WhatsApp."""
    status, _, body = await sms(world, "whatsapp:+15550009000")
    assert (status, json.loads(body)["code"]) == (400, 21910)


async def test_recipient_writes_back(world: World) -> None:
    """A reply comes from and to WhatsApp addresses, with the sender's profile, and is signed."""
    await _send(world, "0019")
    webhook = (await world.webhooks())[-1]
    form = form_of(webhook)
    assert (webhook.path, form["Body"]) == ("/inbound", "STOP")
    assert (form["From"], form["To"]) == ("whatsapp:+15550000019", OURS)
    assert (form["ProfileName"], form["WaId"]) == ("Ada", "15550000019")
    assert "OptOutType" not in form
    assert is_signed(world, webhook)


@pytest.mark.parametrize(
    ("fields", "kind", "media"),
    [
        ({}, "text", "0"),
        ({"ButtonText": "Yes", "ButtonPayload": "yes"}, "button", "0"),
        ({"ListId": "1", "ListTitle": "One"}, "interactive", "0"),
        ({"Latitude": 37.4, "Longitude": -122.1}, "location", "0"),
        ({"MediaUrl0": "https://example.com/a", "MediaContentType0": "image/png"}, "image", "1"),
    ],
)
async def test_inbound(world: World, fields: dict[str, Any], kind: str, media: str) -> None:
    """A message of any kind carries the fields that Twilio has for it."""
    wanted = {
        "provider": "twilio",
        "channel": "whatsapp",
        "sender": "+15550000020",
        "text": "Hi",
        "message": fields,
    }
    assert (await world.control("inbound", wanted))[0] == 200
    [webhook] = await world.webhooks()
    form = form_of(webhook)
    assert (form["From"], form["MessageType"], form["NumMedia"]) == (
        *("whatsapp:+15550000020", kind),
        media,
    )
    assert form.items() >= {name: str(value) for name, value in fields.items()}.items()
    assert is_signed(world, webhook)
