"""Many receipts that can't be stored beside healthy ones: set aside, and none waits long."""

from __future__ import annotations

import json
import secrets
import time
import uuid
from typing import Any

import pytest

from behaviour.router.receipts import receipt, webhook
from behaviour.router.world import World
from herald.contracts.vocabulary import Status

BAD = 300
HEALTHY = 30
FEW_SECONDS = 4  # of processor time: that no other process lengthens
SET_ASIDE = "SELECT count(*) = $1 FROM router.dead_letters WHERE position($2 IN body) > 0"


@pytest.mark.parametrize(
    "spoiled",
    [
        {"element": {"text": "a\x00b"}},  # PostgreSQL has no U+0000
        {"references": [secrets.token_hex(8000)]},  # nor room in an index for so long a name
    ],
)
async def test_they_hold_up_nobody(world: World, spoiled: dict[str, Any]) -> None:
    """Ten bad ones before each healthy one: the healthy are published after little work."""
    works = [await world.work("whatsapp", await world.send()) for _ in range(HEALTHY)]
    for work in works:
        await world.report(receipt(work, Status.ACCEPTED))
    marker = uuid.uuid4().hex
    async with world.held():
        for work in works:
            document = webhook(work, Status.SENT).model_dump(mode="json") | spoiled
            for number in range(BAD // HEALTHY):
                body = json.dumps(document | {"event_key": f"{marker}{number}"}).encode()
                await world.report(body)
            await world.report(webhook(work, Status.DELIVERED))
    started = time.process_time()
    ids = {work.message_id for work in works}
    await world.until(
        lambda: ids <= {h.data.get("message_id") for h in world.events if h.what == "delivered"}
    )
    assert time.process_time() - started < FEW_SECONDS
    assert await world.row(SET_ASIDE, BAD, marker.encode())
