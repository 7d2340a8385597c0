"""The composition root of the WhatsApp worker: its channel, its port, its providers."""

from __future__ import annotations

from channel_whatsapp.providers import PROVIDERS
from herald.channel.running import run_channel

CHANNEL = "whatsapp"
OPERATIONS_PORT = 8003


def run() -> None:
    """Run the worker until told to stop."""
    run_channel(CHANNEL, PROVIDERS, operations_port=OPERATIONS_PORT)
