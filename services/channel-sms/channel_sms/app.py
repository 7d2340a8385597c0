"""The composition root of the SMS worker: its channel, its port, its providers."""

from __future__ import annotations

from channel_sms.providers import PROVIDERS
from herald.channel.running import run_channel

CHANNEL = "sms"
OPERATIONS_PORT = 8005


def run() -> None:
    """Run the worker until told to stop."""
    run_channel(CHANNEL, PROVIDERS, operations_port=OPERATIONS_PORT)
