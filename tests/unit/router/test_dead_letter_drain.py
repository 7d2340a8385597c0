"""Giving handlers once more what the broker gave up of their queues."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from herald.bus.deliveries import Delivery
from herald.config.loading import load_configuration
from router import metrics
from router.handlers.dead_letters import DELIVERY_LIMIT, DeadLetterHandler

CONFIGURATION = Path(__file__).parents[2] / "behaviour" / "router" / "herald.toml"


def given_up(queue: str) -> Delivery:
    """Make what the broker dead-letters after too many deliveries from a queue."""
    death = {
        "queue": queue,
        "reason": DELIVERY_LIMIT,
        "exchange": "herald.commands",
        "routing-keys": ["message.send"],
    }
    return Delivery(
        body=b"{}", exchange="herald.dead", routing_key=queue, headers={"x-death": [death]}
    )


async def test_a_batch_that_is_tried_again_counts_once() -> None:
    """An outage in a later queue's handler repeats the batch, and not the count of the first's."""
    database = ["away", "back"]

    async def handled(_deliveries: Sequence[Delivery]) -> None:
        """Handle everything."""

    async def needs_the_database(_deliveries: Sequence[Delivery]) -> None:
        if database.pop(0) == "away":
            raise ConnectionRefusedError

    handlers = {"test.first": handled, "test.second": needs_the_database}
    drain = DeadLetterHandler(cast("Any", None), load_configuration(CONFIGURATION).file, handlers)
    batch = [given_up("test.first"), given_up("test.second")]
    with pytest.raises(ConnectionRefusedError):
        await drain(batch)
    await drain(batch)
    counts = [metrics.HANDLED_AFTER_LIMIT.labels(queue)._value.get() for queue in handlers]
    assert counts == [1, 1]
