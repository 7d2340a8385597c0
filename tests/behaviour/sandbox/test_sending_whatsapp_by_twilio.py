"""WhatsApp through Twilio, as a worker sends it, against the sandbox's stand-in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from behaviour.sandbox.twilio_forms import form_of
from behaviour.sandbox.world import ACCOUNT_SID, AUTH_TOKEN, World
from herald.http.client import HttpClient
from herald.providers.sending import Accepted, Refused, SendResult
from herald.providers.twilio.account import TwilioAccount, TwilioSecrets
from unit.channel_whatsapp.making import ATTEMPT, work
from unit.providers.sending import sending_account

TEMPLATE = {"name": "HX" + "1" * 32, "variables": {"1": "Ada"}}


async def send(world: World, to: str, content: dict[str, Any], **options: Any) -> SendResult:
    account = TwilioAccount(
        provider="twilio",
        channel="whatsapp",
        account_sid=ACCOUNT_SID,
        base_url=f"{world.url}/twilio",
        **options,
    )
    secrets = TwilioSecrets.model_validate({"auth_tokens": [AUTH_TOKEN]})
    client = HttpClient(timedelta(seconds=5))
    await client.start()
    try:
        sending = sending_account(account, secrets, client, world.receiver.url)
        return await sending.send(work(content, to=to, sender="+15550001111"))
    finally:
        await client.stop()


async def statuses(world: World) -> list[str]:
    return [form_of(webhook)["MessageStatus"] for webhook in await world.webhooks()]


async def test_a_text_is_delivered_and_read(world: World) -> None:
    """The callbacks name our attempt, and say what becomes of the message until it is read."""
    result = await send(world, "+15550000001", {"text": "Hello"})
    assert isinstance(result, Accepted)
    webhooks = await world.webhooks()
    assert {webhook.path for webhook in webhooks} == {
        f"/webhooks/twilio/twilio-main?attempt={ATTEMPT}"
    }
    assert {form_of(webhook)["MessageSid"] for webhook in webhooks} == set(result.references)
    assert await statuses(world) == ["sent", "delivered", "read"]


async def test_only_a_template_goes_once_the_window_is_closed(world: World) -> None:
    """To somebody who has not written for a day a text fails later, a template is delivered."""
    assert isinstance(await send(world, "+15550000029", {"text": "Hello"}), Accepted)
    assert await statuses(world) == ["failed"]
    content = {"text": "Hello", "template": TEMPLATE}
    assert isinstance(await send(world, "+15550000029", content), Accepted)
    assert await statuses(world) == ["failed", "sent", "delivered"]


async def test_who_opted_out_is_refused(world: World) -> None:
    """Twilio's own refusal has its class."""
    result = await send(world, "+15550000026", {"text": "Hello"})
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == ("opted_out", "21610")
