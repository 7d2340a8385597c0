"""Herald's own adapter against the sandbox's WhatsApp Cloud API: both sides mean the same."""

from __future__ import annotations

from typing import Any

import pytest

from behaviour.providers.api_server import http_client
from behaviour.sandbox.world import ACCESS_TOKEN, PHONE_NUMBER_ID, World
from herald.contracts.content import Media
from herald.contracts.failures import Failure
from herald.providers.files import File
from herald.providers.sending import Accepted
from unit.channel_whatsapp.making import work
from unit.providers.whatsapp_cloud import making

URL = "https://files.example.com/a.png"
PICTURE = {"url": URL, "kind": "image"}
ROWS = [{"id": f"{number}", "title": f"Row {number}"} for number in range(10)]
TO_WAMID = {"in_reply_to": {"reference": "wamid.IN", "account": "whatsapp_cloud-main"}}
CONTENTS: dict[str, dict[str, Any]] = {
    "buttons": {"text": "Which?", "buttons": [{"id": "1", "title": "x" * 20}], "media": [PICTURE]},
    "a list": {"text": "Which?", "list": {"button": "x", "sections": [{"rows": ROWS}]}},
    "a link": {"text": "Look", "link": {"title": "Open", "url": URL}, "footer": "x" * 60},
    "a place": {"location": {"latitude": -90, "longitude": 180}},
    "contacts": {"contacts": [{"name": "Ada"}]},
    "a reaction": {"reaction": {"emoji": "👍"}, **TO_WAMID},
    "a reaction taken back": {"reaction": {"emoji": ""}, **TO_WAMID},
    "a read receipt": {"read_receipt": {"typing": True}, **TO_WAMID},
    "a sticker": {"media": [{"url": URL, "kind": "sticker"}]},
    "a template": {
        "template": {
            "name": "order",
            "variables": {"name": "Ada"},
            "header": {"media": PICTURE},
            "buttons": [
                {"index": 0, "kind": "quick_reply", "value": "yes"},
                {"index": 1, "kind": "url", "value": "17"},
                {"index": 2, "kind": "copy_code", "value": "SAVE"},
            ],
        }
    },
}


async def fetch(media: Media) -> File | Failure:
    kind = "image/webp" if media.kind == "sticker" else "image/png"
    return File(media=media, name="a.png", content_type=kind, body=b"bytes")


async def test_all_that_can_be_said_is_taken(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of message, with its files uploaded, is one that the stand-in accepts."""
    monkeypatch.setitem(making.SECRETS, "access_token", ACCESS_TOKEN)
    async with http_client() as http:
        account = making.uploading(f"{world.url}/whatsapp_cloud", http, fetch)
        assert PHONE_NUMBER_ID in repr(account.options)
        for name, content in CONTENTS.items():
            result = await account.send(work(content))
            assert isinstance(result, Accepted), name
    async with world.client.get(f"{world.url}/_sandbox/inbox") as response:
        shown = (await response.json())["messages"]
    assert len(shown) == len(CONTENTS) - 1  # a read receipt is no message
    files = [file for message in shown for file in message["files"]]
    assert {file["size"] for file in files} == {5}
