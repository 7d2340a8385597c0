"""Where a provider calls us: one endpoint an account, which verifies and normalises."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVarTuple

from pydantic import ValidationError

from herald.contracts.attempt_reports import WrittenReceipt
from herald.providers.lenient_json import NotForHeraldError, NotUnderstoodError, Reason
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.webhook_responses import OK, WebhookResponse

_Arguments = TypeVarTuple("_Arguments")

MAX_SET_ASIDE = 100  # elements of one request; of the others the reasons are counted


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """An element for quarantine: authentic and well formed, but nothing we know."""

    reason: Reason
    element: Any


@dataclass(slots=True)
class Normalised:
    """What one request holds."""

    receipts: list[WrittenReceipt] = field(default_factory=list)
    not_understood: list[NotUnderstood] = field(default_factory=list)  # `MAX_SET_ASIDE` at most
    left_out: dict[Reason, int] = field(default_factory=dict)  # not understood either
    ignored: int = 0  # understood, and nothing for Herald
    files: dict[str, bytes] = field(default_factory=dict, repr=False)  # to keep, by sha256
    response: WebhookResponse = OK

    def read(self, element: Any, reader: Callable[[Any], WrittenReceipt]) -> None:
        """Add what `reader` makes of one element; whatever happens, the others are not lost."""
        try:
            self.receipts.append(reader(element))
        except Exception as error:  # noqa: BLE001  as in `descend`
            self._give_up(element, error)

    def descend(
        self, element: Any, reader: Callable[[*_Arguments], None], *arguments: *_Arguments
    ) -> None:
        """Run what reads `element`, and set it aside when it can't be read."""
        try:
            reader(*arguments)
        except Exception as error:  # noqa: BLE001  a defect of ours must not cost the batch, nor this one
            self._give_up(element, error)

    def _give_up(self, element: Any, error: Exception) -> None:
        match error:
            case NotForHeraldError():
                self.ignored += 1
            case NotUnderstoodError():
                self.set_aside(error.reason, element)
            case ValidationError():
                self.set_aside(Reason.SHAPE, element)
            case _:
                self.set_aside(Reason.UNEXPECTED, element)

    def set_aside(self, reason: Reason, element: Any) -> None:
        """Add an element for quarantine, or count it where there are too many."""
        if len(self.not_understood) < MAX_SET_ASIDE:
            self.not_understood.append(NotUnderstood(reason, element))
        else:
            self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def reasons(self) -> Counter[Reason]:
        """Count what was not understood, by its reason."""
        return Counter(self.left_out) + Counter(item.reason for item in self.not_understood)

    def left_out_of(self, body: bytes) -> dict[str, Any]:
        """Stand for the elements of `body` that were only counted."""
        return {
            "left_out": sum(self.left_out.values()),
            "reasons": {reason.value: count for reason, count in self.left_out.items()},
            "body_bytes": len(body),
            "body_sha256": hashlib.sha256(body).hexdigest(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request before its body is read."""

    headers: Mapping[bytes, bytes]  # names in lower case
    query: bytes  # raw


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRules:
    """What ingress holds a request to before it looks at the signature."""

    max_body_bytes: int
    # the methods that the provider uses, each with the headers that sign its requests
    methods: Mapping[str, frozenset[bytes]]
    # for hours after a 503; a provider that doesn't gets its receipts kept on disk instead
    retries_on_5xx: bool
    # says by the head alone whether the body is worth reading; None: the headers above say enough.
    # For what is authentic by a password or a token, so that nobody unknown has a mail read.
    admits: Callable[[Head], bool] | None = field(default=None, compare=False)


class UnverifiableError(Exception):
    """Whether a request is authentic can't be said now, for our own trouble; the text says why."""


class Endpoint(Protocol):
    """Where a provider calls us for one account. Pure: knows its secrets, keeps no state.

    An account that nobody configured has a decoy: an endpoint that does as much work and finds
    nothing authentic. Where an account's rules are not its decoy's, a caller sees the difference.
    """

    @property
    def rules(self) -> EndpointRules: ...

    def verify(self, request: WebhookRequest) -> bool | Awaitable[bool]:
        """Say whether a request is authentic. What else it raises counts as no.

        Awaitable where a key or a certificate may have to be fetched.

        Raises:
            UnverifiableError: it could not be fetched; the provider is asked to try again.
        """
        ...

    def normalise(self, request: WebhookRequest) -> Normalised:
        """Read an authentic request.

        Raises:
            NotJsonError: it breaks the grammar of its content type.
            BeyondLimitsError, NotUnderstoodError: none of it can be read.
        """
        ...
