"""What a scenario needs of a provider: an account in herald.toml, and the sandbox's side of it.

Every provider has a module here, named like its folder, with `pairs(places)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the two sides find each other, all on loopback."""

    ingress_url: str
    sandbox_url: str
    smtp_port: int
    smpp_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One account, by both sides; a provider that serves several channels has one for each."""

    name: str  # of the account on both sides: `vonage-sms`
    channel: str
    account: Mapping[str, Any]  # its table in herald.toml, without `secrets_file`
    secrets: Mapping[str, Any]  # its secrets file; empty: it has none
    part: str  # of sandbox.toml: as the sandbox's definition is named
    sandbox: Mapping[str, Any] = field(default_factory=dict)  # the table of `name` in that part
    sender: str | None = None  # its entry in a sender profile
