"""Addresses with their names, for providers that take them as a mail's head has them. Pure."""

from __future__ import annotations


def mailbox(name: str | None, address: str) -> str:
    """Write a name and an address; whatever the name looks like, it stays a name."""
    if not name:
        return address
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'
