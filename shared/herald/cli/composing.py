"""A SendMessage from a JSON file and flags. Pure but for reading the file."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from herald.cli.environment import EXIT_USAGE, fail

# where each flag's value goes in the command
PLACES: Mapping[str, tuple[str, ...]] = {
    "phone": ("to", "phone"),
    "email": ("to", "email"),
    "whatsapp": ("to", "whatsapp"),
    "name": ("to", "name"),
    "text": ("content", "text"),
    "subject": ("content", "subject"),
    "html": ("content", "html"),
    "key": ("idempotency_key",),
    "id": ("id",),
    "route": ("route",),
    "sender": ("sender",),
    "category": ("category",),
    "ttl": ("ttl",),
    "send_at": ("send_at",),
    "in_reply_to": ("in_reply_to",),
}


def read_command(path: str) -> dict[str, Any]:
    """Read a command from a file, `-` for stdin; end with 2 when it is no JSON object."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise fail(f"{path}: {why}", EXIT_USAGE) from None
    try:
        document = from_json(text)  # the router's way: not all that is JSON to others
    except ValueError as error:
        raise fail(f"{path}: not JSON that Herald can read: {error}", EXIT_USAGE) from None
    if not isinstance(document, dict):
        raise fail(f"{path}: must hold one JSON object", EXIT_USAGE)
    return document


def compose(
    document: Mapping[str, Any],
    flags: Mapping[str, str | None],
    *,
    via: Sequence[str] = (),
    metadata: Sequence[str] = (),
) -> dict[str, Any]:
    """Put flags into a command; a flag wins over the file."""
    command: dict[str, Any] = json.loads(json.dumps(document))
    for flag, value in flags.items():
        if value is not None:
            _place(command, PLACES[flag], value)
    if via:
        command["route"] = {"steps": [{"channel": channel} for channel in via]}
    for pair in metadata:
        name, value = metadata_pair(pair)
        _place(command, ("metadata", name), value)
    return command


def metadata_pair(pair: str) -> tuple[str, str]:
    """Part a --metadata in name and value, or end with 2."""
    name, separator, value = pair.partition("=")
    if not separator:
        raise fail(f"--metadata {pair}: write NAME=VALUE", EXIT_USAGE)
    return name, value


def _place(command: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    *parents, last = path
    for parent in parents:
        inner = command.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise fail(f"{parent}: must be an object", EXIT_USAGE)
        command = inner
    command[last] = value
