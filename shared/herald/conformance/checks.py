"""What a check is, and when it does not apply to a subject. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

from herald.conformance.trial import Trial
from herald.providers.subject import Subject
from herald.providers.subject_sending import Without
from herald.providers.subject_webhooks import Webhooks


class Needs(Enum):
    """The part of a subject without which a check has nothing to look at."""

    ACCOUNT = auto()
    SENDING = auto()
    HTTP = auto()
    SERVER_ERROR = auto()
    WEBHOOKS = auto()
    SIGNATURE = auto()
    BATCHES = auto()
    TIMES = auto()
    CODES = auto()
    INBOUND = auto()


@dataclass(frozen=True, slots=True)
class Check:
    """One behaviour that is expected of every provider.

    `run` raises `NotMetError` where a provider does otherwise; any other exception is one, too.
    """

    name: str
    about: str  # one sentence
    needs: Needs
    run: Callable[[Trial], Awaitable[None]]


def why_not(subject: Subject, needs: Needs) -> str | None:
    """Say why a subject lacks what a check needs; None: it has it."""
    sending, webhooks = subject.sending, subject.webhooks
    if needs in {Needs.ACCOUNT, Needs.SENDING}:
        return None
    if needs is Needs.HTTP:
        return None if sending.wire is None else "it does not speak HTTP"
    if needs is Needs.SERVER_ERROR:
        return _reason(sending.broken)
    return webhooks.reason if isinstance(webhooks, Without) else _why_no_webhook(webhooks, needs)


def _why_no_webhook(webhooks: Webhooks, needs: Needs) -> str | None:
    if needs is Needs.BATCHES:
        return "its requests carry one event" if webhooks.batch == 1 else None
    if needs is Needs.CODES:
        return "no word of its carries a code" if webhooks.failed is None else None
    parts = {
        Needs.SIGNATURE: webhooks.signing,
        Needs.TIMES: webhooks.times,
        Needs.INBOUND: webhooks.inbound,
    }
    return _reason(parts.get(needs))


def _reason(part: object) -> str | None:
    return part.reason if isinstance(part, Without) else None
