"""Twilio in the sandbox, SMS: responses, callbacks, the message as it is shown."""

from __future__ import annotations

import json

import aiohttp
import pytest

from behaviour.sandbox.sending import sms, sms_status
from behaviour.sandbox.twilio_forms import form_of, is_signed
from behaviour.sandbox.world import AUTH_TOKEN, World

FIELDS = {
    *("account_sid", "api_version", "body", "date_created", "date_sent", "date_updated"),
    *("direction", "error_code", "error_message", "from", "messaging_service_sid", "num_media"),
    *("num_segments", "price", "price_unit", "sid", "status", "to", "uri"),
}


async def test_accepts_and_reports(world: World) -> None:
    """A valid request gets all real fields, and callbacks signed over the URL as called."""
    status, _, body = await sms(world, "+15550009000")
    message = json.loads(body)
    assert status == 201
    assert set(message) >= FIELDS
    webhooks = await world.webhooks()
    assert [form_of(webhook)["MessageStatus"] for webhook in webhooks] == ["sent", "delivered"]
    assert {form_of(webhook)["MessageSid"] for webhook in webhooks} == {message["sid"]}
    assert {webhook.path for webhook in webhooks} == {"/status?attempt=attempt-1"}
    assert all(is_signed(world, webhook) for webhook in webhooks)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "555"}, 21211),
        ({"From": ""}, 21603),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"ValidityPeriod": "0"}, 21624),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"ValidityPeriod": "1.5"}, 21624),
        ({"From": "whatsapp:+15550001111"}, 21910),
        ({"ContentSid": "template"}, 21655),
        ({"ContentSid": "HX1", "ContentVariables": "{"}, 21656),
        ({"ContentSid": "HX1", "ContentVariables": "[]"}, 21656),
    ],
)
async def test_refuses_what_is_not_valid(world: World, changes: dict[str, str], code: int) -> None:
    """A request that Twilio would refuse gets Twilio's error body."""
    form = {"To": "+15550009000", **changes}
    status, _, body = await sms(world, form.pop("To"), **form)
    problem = json.loads(body)
    assert (status, problem["code"], problem["status"]) == (400, code, 400)
    assert problem["more_info"].endswith(str(code))
    assert await world.requests() == []


async def test_refuses_a_wrong_token(world: World) -> None:
    """Wrong credentials get 401 with code 20003."""
    status, _, body = await sms(world, "+15550009000", token="other")
    assert (status, json.loads(body)["code"]) == (401, 20003)


async def test_body_that_is_not_text(world: World) -> None:
    """Bytes that are no UTF-8 are a bad request, not a fault of the sandbox."""
    url = f"{world.url}/twilio/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    headers = {"Authorization": aiohttp.encode_basic_auth("AC" + "0" * 32, AUTH_TOKEN)}
    async with world.client.post(url, data=b"To=\xff", headers=headers) as response:
        assert response.status == 400


async def test_message_is_shown(world: World) -> None:
    """A message's state follows what happened to it, with the error once it failed."""
    sid = json.loads((await sms(world, "+15550009000"))[2])["sid"]
    await world.webhooks()
    assert json.loads((await sms_status(world, sid))[2])["status"] == "delivered"
    sid = json.loads((await sms(world, "+15550000006"))[2])["sid"]
    await world.webhooks()
    message = json.loads((await sms_status(world, sid))[2])
    assert (message["status"], message["error_code"]) == ("undelivered", 30003)


async def test_message_behind_a_lost_response_is_shown(world: World) -> None:
    """A request whose response was lost was accepted, and the message is shown."""
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await sms(world, "+15550000011")
    [entry] = await world.requests()
    status, _, body = await sms_status(world, entry["reference"])
    assert (status, json.loads(body)["to"]) == (200, "+15550000011")


async def test_unknown_message(world: World) -> None:
    """A message that is not there gets 404 with code 20404."""
    status, _, body = await sms_status(world, "SM" + "1" * 32)
    assert (status, json.loads(body)["code"]) == (404, 20404)


async def test_no_callback_without_an_address(world: World) -> None:
    """Without StatusCallback nothing is reported: statuses never go to the inbound address."""
    await sms(world, "+15550009000", StatusCallback="")
    assert await world.webhooks() == []


async def test_http_errors_are_not_retried(world: World) -> None:
    """A callback that got 503 is lost."""
    world.receiver.statuses = [503]
    await sms(world, "+15550000006")
    assert len(await world.webhooks()) == 1


async def test_repeats_carry_the_same_token(world: World) -> None:
    """The two copies of one callback are the same event by their idempotency token."""
    await sms(world, "+15550000013")
    webhooks = await world.webhooks()
    tokens = {
        (form_of(webhook)["MessageStatus"], webhook.headers["i-twilio-idempotency-token"])
        for webhook in webhooks
    }
    assert len(tokens) == 2


async def test_stop(world: World) -> None:
    """STOP comes in as an opt-out, on the inbound address."""
    await sms(world, "+15550000019")
    webhook = (await world.webhooks())[-1]
    form = form_of(webhook)
    assert (webhook.path, form["Body"], form["OptOutType"]) == ("/inbound", "STOP", "STOP")
    assert (form["From"], form["To"]) == ("+15550000019", "+15550001111")
    assert is_signed(world, webhook)
