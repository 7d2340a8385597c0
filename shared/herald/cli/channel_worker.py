"""The worker of a channel, by its name."""

from __future__ import annotations

import sys

from herald.channel.definitions import NotInstalledError, definition_of
from herald.channel.running import run_channel
from herald.service.starting import UNUSABLE


def run_worker(name: str) -> None:
    """Run it until a signal, if herald.toml has accounts for it."""
    try:
        definition = definition_of(name)
    except NotInstalledError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(UNUSABLE) from None
    run_channel(definition, only_if_served=True)
