"""The composition root of the e-mail worker: its channel, its port, its providers."""

from __future__ import annotations

from channel_email.providers import PROVIDERS
from herald.channel.running import run_channel

CHANNEL = "email"
OPERATIONS_PORT = 8004


def run() -> None:
    """Run the worker until told to stop."""
    run_channel(CHANNEL, PROVIDERS, operations_port=OPERATIONS_PORT)
