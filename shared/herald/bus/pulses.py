"""Pulses: messages of ours that go through the receipts' queues, to learn how far those are."""

from __future__ import annotations

from herald.bus.frames import Frame
from herald.identifiers import frame_id_for
from herald.receipts import Pulse
from herald.topology import RECEIPTS, pulse_key
from herald.vocabulary import Lane

PULSE_TYPE = "herald.pulse.v1"


def pulse_frame(pulse: Pulse, lane: Lane) -> Frame:
    """Put a pulse on its way through one lane's receipts."""
    return Frame(
        exchange=RECEIPTS,
        routing_key=pulse_key(lane),
        body=pulse.model_dump_json(exclude_none=True).encode(),
        message_id=frame_id_for("pulse", str(pulse.instance), lane),
        type=PULSE_TYPE,
    )
