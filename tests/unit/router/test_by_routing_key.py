"""Control commands of several kinds in one batch."""

from __future__ import annotations

from collections.abc import Sequence

from herald.bus.batches import Handler
from herald.bus.deliveries import Delivery
from router.batches import ByRoutingKey


async def test_commands_are_handled_in_the_order_in_which_they_came() -> None:
    """Those of one kind that follow each other together; none overtakes one of another kind."""
    handled: list[tuple[str, list[bytes]]] = []

    def handler(name: str) -> Handler:
        async def handle(deliveries: Sequence[Delivery]) -> None:
            handled.append((name, [one.body for one in deliveries]))

        return handle

    keys = {"suppress": handler("suppress"), "unsuppress": handler("unsuppress")}
    came = [("suppress", b"b"), ("unsuppress", b"a"), ("suppress", b"a"), ("suppress", b"c")]
    deliveries = [Delivery(body=body, routing_key=key) for key, body in (*came, ("other", b"d"))]
    await ByRoutingKey(keys, handler("unknown"))(deliveries)
    assert handled == [
        ("suppress", [b"b"]),
        ("unsuppress", [b"a"]),
        ("suppress", [b"a", b"c"]),
        ("unknown", [b"d"]),
    ]
