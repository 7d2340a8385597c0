"""Read receipts and reactions: calls of which Meta reports less than of messages."""

from __future__ import annotations

from typing import Any

import pytest

from behaviour.providers.api_server import http_client, serving_api
from herald.contracts.vocabulary import Receipts
from herald.providers.sending import Accepted, SendResult, Uncertain
from unit.channel_whatsapp.making import ATTEMPT, work
from unit.providers.whatsapp_cloud.making import whatsapp_cloud

REPLY = {"reference": "wamid.IN", "account": "whatsapp_cloud-main"}


async def answered(content: dict[str, Any], response: Any) -> SendResult:
    """Send, and let Meta respond so."""
    async with serving_api() as meta, http_client() as http:
        meta.will(200, response)
        order = work({**content, "in_reply_to": REPLY}, attempt_id=ATTEMPT)
        return await whatsapp_cloud(meta.base_url, http).send(order)


async def test_a_read_receipt_is_as_good_as_sent() -> None:
    """Meta says no more than that it succeeded: no report follows, and there is no id."""
    result = await answered({"read_receipt": {}}, {"success": True})
    assert result == Accepted((f"read:{ATTEMPT}",), receipts=Receipts.NONE)


@pytest.mark.parametrize("response", [{"success": False}, {"success": "true"}, {}])
async def test_another_success_may_be_one_or_not(response: Any) -> None:
    """What Meta does not document is not taken for granted."""
    assert await answered({"read_receipt": {}}, response) == Uncertain("http_200")


async def test_a_reaction_is_reported_as_sent_and_no_further() -> None:
    """Waiting for its delivery would be in vain."""
    result = await answered({"reaction": {"emoji": "👍"}}, {"messages": [{"id": "wamid.R"}]})
    assert isinstance(result, Accepted)
    assert (result.references, result.receipts) == (("wamid.R",), Receipts.SENT)


async def test_a_message_held_for_review_is_accepted() -> None:
    """Meta, "Template pacing": the status beside the id is kept for the history."""
    held = {"messages": [{"id": "wamid.H", "message_status": "held_for_quality_assessment"}]}
    result = await answered({"text": "x"}, held)
    assert isinstance(result, Accepted)
    assert result.element == held
    assert result.receipts is None
