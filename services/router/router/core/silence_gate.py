"""Up to when silence may be judged: what every router has handled, and what ingress could publish.

A deadline of silence (`fallback_after`, `start_within`) may fire only when nothing that came before
it is still unhandled, so the oldest of the routers' newest pulses is the limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from herald.contracts.vocabulary import Lane
from router.core.ingresses import Ingress, webhook_limit
from router.core.listeners import Listener, progress_of

MARGIN = timedelta(seconds=5)  # a webhook may be this long on its way from the provider to the bus
# Of rows written by a router that knew no gates.
STRICTEST = ""


def lane_gate(lane: Lane) -> str:
    """Name the gate of what is known from workers alone."""
    return lane.value


def webhook_gate(lane: Lane) -> str:
    """Name the gate of what providers report by webhook."""
    return f"{lane}.webhooks"


def gates_of(
    listeners: Sequence[Listener],
    ingresses: Sequence[Ingress],
    now: datetime,
    *,
    has_webhooks: bool,
) -> dict[str, datetime]:
    """Return each gate's latest deadline that may be judged; a gate that is shut is left out.

    `listeners`: the rows that count. `has_webhooks`: some account's provider reports by webhook.
    """
    normal = progress_of(listeners, Lane.NORMAL)
    gates: dict[str, datetime] = {}
    for lane in Lane:
        own = progress_of(listeners, lane)
        if own is None or normal is None:
            continue
        # a receipt whose publisher does not know its lane goes through the normal one
        handled = min(own, normal)
        gates[lane_gate(lane)] = handled - MARGIN
        published = webhook_limit(ingresses, normal, now) if has_webhooks else handled
        if published is not None:
            gates[webhook_gate(lane)] = min(handled, published) - MARGIN
    if len(gates) == 2 * len(Lane):
        gates[STRICTEST] = min(gates.values())
    return gates
