"""The SMS channel: its port, and how it renders what is said."""

from __future__ import annotations

from channel_sms.content import CHANNEL_NAME, render
from herald.channel.definitions import ChannelDefinition
from herald.channel.running import run_channel

CHANNEL = ChannelDefinition(name=CHANNEL_NAME, render=render, operations_port=8005)


def run() -> None:
    """Run the worker until it is asked to stop."""
    run_channel(CHANNEL)
