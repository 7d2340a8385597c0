"""The WhatsApp Cloud API in the sandbox: files, read receipts and reactions."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from behaviour.sandbox.sending import whatsapp
from behaviour.sandbox.world import ACCESS_TOKEN, PHONE_NUMBER_ID, World

TO = "15550009000"


async def newest(world: World) -> dict[str, Any]:
    async with world.client.get(f"{world.url}/_sandbox/inbox?to={TO}") as response:
        found: dict[str, Any] = (await response.json())["messages"][0]
        return found


async def upload(world: World, *, kind: str = "image/png", token: str = ACCESS_TOKEN) -> Any:
    form = aiohttp.FormData({"messaging_product": "whatsapp", "type": kind})
    form.add_field("file", b"\x89PNG", filename="a.png", content_type=kind)
    url = f"{world.url}/whatsapp_cloud/v25.0/{PHONE_NUMBER_ID}/media"
    headers = {"Authorization": f"Bearer {token}"}
    async with world.client.post(url, data=form, headers=headers) as response:
        return await response.json()


async def test_an_uploaded_file_is_shown(world: World) -> None:
    """A file is named by the id that its upload gave, and its bytes are there to look at."""
    reference = (await upload(world))["id"]
    image = {"id": reference, "caption": "Look"}
    assert (await whatsapp(world, TO, type="image", image=image))[0] == 200
    message = await newest(world)
    [file] = message["files"]
    assert (message["text"], file["name"], file["content_type"]) == ("Look", "a.png", "image/png")
    async with world.client.get(f"{world.url}{file['url']}") as response:
        assert await response.read() == b"\x89PNG"


async def test_refuses_files(world: World) -> None:
    """Types that WhatsApp does not show, and files without the right token."""
    assert (await upload(world, kind="text/html"))["error"]["code"] == 100
    assert (await upload(world, token="other"))["error"]["code"] == 190


async def test_what_was_marked_as_read_can_be_seen(world: World) -> None:
    """A read receipt is no message: it is listed by itself."""
    receipt: dict[str, Any] = {
        "status": "read",
        "message_id": "wamid.IN",
        "typing_indicator": {"type": "text"},
    }
    status, _, body = await whatsapp(world, TO, **receipt)
    assert (status, json.loads(body)) == (200, {"success": True})
    async with world.client.get(f"{world.url}/_sandbox/whatsapp_cloud/read") as response:
        [read] = (await response.json())["read"]
    assert (read["account"], read["message"], read["typing"]) == ("main", "wamid.IN", True)
    assert await world.requests() == []


async def test_a_reaction_is_only_sent(world: World) -> None:
    """No delivery of it is ever reported."""
    await whatsapp(world, TO, type="reaction", reaction={"message_id": "wamid.IN", "emoji": "👍"})
    [webhook] = await world.webhooks()
    [status] = json.loads(webhook.body)["entry"][0]["changes"][0]["value"]["statuses"]
    assert status["status"] == "sent"


async def test_what_can_be_tapped_is_checked_and_shown(world: World) -> None:
    """Buttons reach the inbox with their titles; one too long gets Meta's error."""
    reply = {"type": "reply", "reply": {"id": "yes", "title": "Yes"}}
    body = {"type": "button", "body": {"text": "Which?"}, "action": {"buttons": [reply]}}
    assert (await whatsapp(world, TO, type="interactive", interactive=body))[0] == 200
    assert (await newest(world))["buttons"] == ["Yes"]
    reply["reply"] = {"id": "yes", "title": "x" * 21}
    status, _, response = await whatsapp(world, TO, type="interactive", interactive=body)
    assert (status, json.loads(response)["error"]["code"]) == (400, 131009)
