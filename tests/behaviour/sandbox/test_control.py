"""`/_sandbox`: recorded requests, inbound messages, switches."""

from __future__ import annotations

import asyncio
import json
import time

from behaviour.sandbox.sending import email, sms, sms_status, whatsapp
from behaviour.sandbox.world import World


async def test_lists_requests_in_order(world: World) -> None:
    """Accepted requests are listed in order, and refused ones only when asked for."""
    await whatsapp(world, "15550009001")
    await sms(world, "+15550000005")
    await sms(world, "+15550009002")
    await email(world, "delivered@example.com")
    listed = await world.requests()
    assert [entry["channel"] for entry in listed] == ["whatsapp", "sms", "email"]
    assert {entry["attempt"] for entry in listed} == {"attempt-1"}
    assert len(await world.requests("?accepted=any")) == 4
    [refused] = await world.requests("?accepted=false")
    assert (refused["to"], refused["reference"]) == ("+15550000005", None)
    assert len(await world.requests("?channel=sms")) == 1
    assert len(await world.requests("?to=15550009001")) == 1


async def test_file_outlives_a_reset(world: World) -> None:
    """Every line is in the file before the response, and stays when memory is cleared."""
    await asyncio.gather(*(whatsapp(world, f"1555000{number}") for number in range(7000, 7050)))
    lines = world.requests_file.read_text().splitlines()
    assert len({json.loads(line)["reference"] for line in lines}) == 50
    assert await world.control("reset") == (200, {"reset": True})
    assert await world.requests() == []
    assert world.requests_file.read_text().splitlines() == lines


async def test_reset_forgets(world: World) -> None:
    """After a reset a recipient that refuses the first try does so again, and messages are gone."""
    assert (await sms(world, "+15550000008"))[0] == 429
    sid = json.loads((await sms(world, "+15550009000"))[2])["sid"]
    await world.control("reset")
    assert (await sms(world, "+15550000008"))[0] == 429
    assert (await sms_status(world, sid))[0] == 404


async def test_inbound_for_an_unknown_account(world: World) -> None:
    """An account that is not there is a bad request on both channels."""
    for channel in ("whatsapp", "sms"):
        wanted = {"channel": channel, "account": "other", "sender": "+15550000020"}
        assert (await world.control("inbound", wanted))[0] == 400


async def test_inbound_that_is_not_valid(world: World) -> None:
    """A channel or provider without inbound, or an unknown field, is a 400 and sends nothing."""
    for wanted in (
        None,
        {"channel": "email", "provider": "smtp", "sender": "x"},
        {"channel": "pigeon", "sender": "x"},
        {"channel": "sms", "provider": "whatsapp_cloud", "sender": "x"},
        {"channel": "sms", "from": "x"},
    ):
        assert (await world.control("inbound", wanted))[0] == 400
    assert world.receiver.received == []


async def test_webhooks_can_be_switched(world: World) -> None:
    """Switched off, no webhook is sent; switched on, they are again."""
    await world.control("webhooks/off")
    await whatsapp(world, "15550000003")
    assert await world.webhooks() == []
    await world.control("webhooks/on")
    await whatsapp(world, "15550000003")
    assert len(await world.webhooks()) == 1


async def test_webhooks_that_wait_are_counted(world: World) -> None:
    """What is to be sent later is pending until it was sent."""
    await whatsapp(world, "15550000015")
    async with world.client.get(f"{world.url}/_sandbox/webhooks") as response:
        assert await response.json() == {"enabled": True, "pending": 2}
    assert len(await world.webhooks()) == 2
    async with world.client.get(f"{world.url}/_sandbox/webhooks") as response:
        assert await response.json() == {"enabled": True, "pending": 0}


async def test_answers_can_be_delayed(world: World) -> None:
    """The delay before a response can be changed while the sandbox runs."""
    await world.control("answers/delay/200")
    began = time.monotonic()
    await whatsapp(world, "15550000001")
    assert time.monotonic() - began >= 0.2
    await world.control("answers/delay/0")


async def test_a_misspelt_word_is_refused(world: World) -> None:
    """A switch and a filter refuse a word that they don't know."""
    assert (await world.control("webhooks/of"))[0] == 400
    async with world.client.get(f"{world.url}/_sandbox/requests?accepted=no") as response:
        assert response.status == 400


async def test_probes(world: World) -> None:
    """The three operational paths respond."""
    for path in ("healthz", "readyz", "metrics"):
        async with world.client.get(f"{world.url}/{path}") as response:
            assert response.status == 200
