"""What the conformance kit knows of a provider: literal data, and a few functions. Pure.

A folder's `conformance.py` holds `SUBJECTS`, one for each form that an account can take: for each
channel, or each profile. What does not apply is said, with its reason: `Without` where a whole part
is missing, `exempt` for a single check. Nothing is skipped in silence.

`herald provider check NAME` runs the checks of `herald.conformance`; services never import this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.subject_sending import Sending, Without
from herald.providers.subject_webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What words or codes of a provider mean, for the status dictionary."""

    title: str  # `STATUSES`, or where in a profile it stands
    rows: Mapping[str, Status | FailureClass]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One form of a provider's accounts, and how to try it."""

    name: str  # what the command line calls it: the folder's name, `<folder>-<channel>`, a profile
    provider: str  # its name in the registry
    channel: str
    options: Mapping[str, Any]  # of a valid account, beside `provider` and `channel`
    secrets: Mapping[str, Any]  # of its secrets file; each at least 6 characters long
    sending: Sending
    webhooks: Webhooks | Without
    tables: Callable[[], Iterable[Table]] | None = None  # None: the literal ones of its modules
    exempt: Mapping[str, str] = field(default_factory=dict)  # a check's name: why it is none here
