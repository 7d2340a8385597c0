"""WhatsApp's service window, as the sandbox keeps to it when asked."""

from __future__ import annotations

import json
from typing import Any

from behaviour.sandbox.sending import whatsapp
from behaviour.sandbox.world import World

TO = "15550007001"
TEMPLATE: dict[str, Any] = {
    "type": "template",
    "template": {"name": "hello", "language": {"code": "en"}},
}


async def wrote(world: World, sender: str) -> None:
    body = {"channel": "whatsapp", "sender": f"+{sender}", "text": "Hi"}
    assert (await world.control("inbound", body))[0] == 200


async def code(world: World, to: str) -> int:
    """Send a text; return the error's code, 0 for none."""
    status, _, body = await whatsapp(world, to)
    return 0 if status == 200 else int(json.loads(body)["error"]["code"])


async def test_a_text_goes_after_the_recipient_wrote_and_a_template_always(world: World) -> None:
    """131047 for everybody else; nobody is asked who wrote while it is off."""
    assert await code(world, TO) == 0
    assert (await world.control("window/3600", {}))[0] == 200
    assert await code(world, TO) == 131047
    assert (await whatsapp(world, TO, text=None, **TEMPLATE))[0] == 200
    await wrote(world, TO)
    assert await code(world, TO) == 0
    assert await code(world, "15550007002") == 131047
    await world.control("window/0", {})


async def test_it_ends(world: World) -> None:
    """What was written long ago is of no use any more."""
    await wrote(world, TO)
    await world.control("window/0.000001", {})
    assert await code(world, TO) == 131047
    await world.control("window/0", {})
    assert await code(world, TO) == 0
