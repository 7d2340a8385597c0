"""Pulses: messages of ours that go through the receipts' queues, to learn how far those are."""

from __future__ import annotations

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.identifiers import frame_id_for
from herald.contracts.receipts import Pulse
from herald.contracts.topology import RECEIPTS, pulse_key
from herald.contracts.vocabulary import Lane

PULSE_TYPE = "herald.pulse.v1"


def pulse_frame(pulse: Pulse, lane: Lane) -> OutgoingMessage:
    """Put a pulse on its way through one lane's receipts."""
    return OutgoingMessage(
        exchange=RECEIPTS,
        routing_key=pulse_key(lane),
        body=pulse.model_dump_json(exclude_none=True).encode(),
        message_id=frame_id_for("pulse", str(pulse.instance), lane),
        type=PULSE_TYPE,
    )
