"""The host names that the read API answers to. Pure.

A browser lets a page ask whatever the page's own name resolves to, and a name may be made to
resolve to the router (DNS rebinding). Only known names are answered.
"""

from __future__ import annotations

from collections.abc import Iterable

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_EVERY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104  where a listener binds, no name


def allowed_hosts(listens_on: str, named: Iterable[str]) -> frozenset[str]:
    """Return every name that is answered: loopback's, the listener's own, and those configured."""
    own = () if listens_on in _EVERY_ADDRESS else (listens_on.lower(),)
    return frozenset((*LOOPBACK_NAMES, *own, *named))


def host_name(header: str) -> str:
    """Return the name or address in a Host header, without its port; empty: it has none."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    name, _, port = text.partition(":")
    return name.removesuffix(".") if not port or port.isdigit() else ""
