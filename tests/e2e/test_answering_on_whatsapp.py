"""What can be tapped, reacted to and read on WhatsApp, through the whole of Herald.

Files run in the order of their names: later ones have the account refused for a while, and an
answer goes by no other.
"""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from herald.client import Client, EventStream
from herald.contracts.events import InboundData
from herald_local.stack import Stack
from herald_local.web import call

PATIENCE = 30
REPLIES = [{"id": "yes", "title": "Yes"}, {"id": "no", "title": "No"}]
TAP = {
    "type": "interactive",
    "interactive": {"type": "button_reply", "button_reply": REPLIES[0]},
}


def command(phone: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "idempotency_key": str(uuid4()),
        "to": {"phone": phone},
        "route": {"steps": [{"channel": "whatsapp", "account": "wa-main"}, {"channel": "sms"}]},
        "content": content,
        **more,
    }


async def tapped_by(phone: str, events: EventStream) -> tuple[str, InboundData]:
    """Return the event of what a recipient taps, and its id."""
    async for event in events:
        if isinstance(event.data, InboundData) and event.data.sender == phone:
            return event.id, event.data
    raise AssertionError("the events ended")


async def test_buttons_are_tapped_and_the_tap_is_answered(stack: Stack) -> None:
    """A question goes by WhatsApp alone, its answer names the button, and may be reacted to."""
    phone = f"+1555{uuid4().int % 1000:03}7200"
    async with Client(stack.amqp_url) as herald, herald.events("inbound.#") as events:

        async def ended(content: dict[str, Any], **more: Any) -> Any:
            """Send, and return the event that ended the message."""
            answer = await herald.send(command(phone, content, **more))
            progress = await herald.wait(answer.message_id, "sent", timeout_seconds=PATIENCE)
            return progress.event

        tap = {"channel": "whatsapp", "sender": phone, "message": TAP}
        call("POST", f"{stack.sandbox_url}/_sandbox/inbound", json.dumps(tap).encode())
        event, inbound = await tapped_by(phone, events)
        assert inbound.choice is not None
        assert (inbound.choice.kind, inbound.choice.id) == ("button", "yes")

        asked = await ended({"text": "Will you be there?", "buttons": REPLIES})
        assert asked.channel == "whatsapp"
        reacted = await ended({"reaction": {"emoji": "👍"}}, in_reply_to=event)
        read = await ended({"read_receipt": {"typing": True}}, in_reply_to=event)
        for end in (reacted, read):
            assert (end.outcome, end.status, end.confirmed) == ("succeeded", "sent", False), (
                end.failure
            )

    inbox = f"{stack.sandbox_url}/_sandbox/inbox?to=%2B{phone[1:]}"
    shown = json.loads(call("GET", inbox).body)["messages"]
    assert [(one["text"], one["buttons"]) for one in shown] == [
        ("👍", []),
        ("Will you be there?", ["Yes", "No"]),
    ]
    marked = json.loads(call("GET", f"{stack.sandbox_url}/_sandbox/whatsapp_cloud/read").body)
    mine = [one for one in marked["read"] if one["message"] == inbound.provider_message_id]
    assert [one["typing"] for one in mine] == [True]
