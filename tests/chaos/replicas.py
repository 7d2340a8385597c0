"""Which replicas a fleet has, by name. Pure."""

from __future__ import annotations

from collections.abc import Mapping

KINDS = ("router", "channel-whatsapp", "channel-sms", "channel-email", "ingress")
PAIRS: Mapping[str, tuple[str, str]] = {kind: (f"{kind}-1", f"{kind}-2") for kind in KINDS}
REPLICAS = tuple(name for pair in PAIRS.values() for name in pair)
PREVIOUS: Mapping[str, str] = {kind: f"{kind}-3" for kind in KINDS}  # of an older version


def kind_of(replica: str) -> str:
    """Return which service a replica is one of."""
    return replica.rpartition("-")[0]
