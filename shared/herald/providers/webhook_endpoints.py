"""What a provider's side of ingress is: one endpoint an account, which verifies and normalises."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import ValidationError

from herald.contracts.receipts import Receipt
from herald.providers.account import Account, Secrets
from herald.providers.lenient_json import NotForHeraldError, NotUnderstoodError, Reason
from herald.providers.webhook_requests import Call
from herald.providers.webhook_responses import OK, Answer

MAX_SET_ASIDE = 100  # elements of one call; of the others the reasons are counted


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """An element for quarantine: authentic and well formed, but nothing we know."""

    reason: Reason
    element: Any


@dataclass(slots=True)
class Normalised:
    """What one call told."""

    receipts: list[Receipt] = field(default_factory=list)
    not_understood: list[NotUnderstood] = field(default_factory=list)  # `MAX_SET_ASIDE` at most
    left_out: Counter[Reason] = field(default_factory=Counter)  # not understood either
    ignored: int = 0  # understood, and nothing for Herald
    answer: Answer = OK

    def read(self, element: Any, reader: Callable[[Any], Receipt]) -> None:
        """Add what `reader` makes of one element; whatever happens, the others are not lost."""
        self.descend(element, lambda: self.receipts.append(reader(element)))

    def descend(self, element: Any, reader: Callable[[], None]) -> None:
        """Run what reads `element`, and set it aside when it can't be read."""
        try:
            reader()
        except NotForHeraldError:
            self.ignored += 1
        except NotUnderstoodError as error:
            self.set_aside(error.reason, element)
        except ValidationError:
            self.set_aside(Reason.SHAPE, element)
        except Exception:  # noqa: BLE001  a defect of ours must not cost the batch, nor this one
            self.set_aside(Reason.UNEXPECTED, element)

    def set_aside(self, reason: Reason, element: Any) -> None:
        """Add an element for quarantine, or count it where there are too many."""
        if len(self.not_understood) < MAX_SET_ASIDE:
            self.not_understood.append(NotUnderstood(reason, element))
        else:
            self.left_out[reason] += 1

    def reasons(self) -> Counter[Reason]:
        """Count what was not understood, by its reason."""
        return Counter(item.reason for item in self.not_understood) + self.left_out

    def left_out_of(self, body: bytes) -> dict[str, Any]:
        """Stand for the elements of `body` that were only counted."""
        return {
            "left_out": self.left_out.total(),
            "reasons": {reason.value: count for reason, count in self.left_out.items()},
            "body_bytes": len(body),
            "body_sha256": hashlib.sha256(body).hexdigest(),
        }


class Endpoint(Protocol):
    """Where one account's provider calls us. Pure: knows its secrets, keeps no state."""

    def verify(self, call: Call) -> bool:
        """Say whether the call is authentic. Never raises."""
        ...

    def normalise(self, call: Call) -> Normalised:
        """Read an authentic call.

        Raises:
            NotJsonError: it breaks the grammar of its content type.
            BeyondLimitsError, NotUnderstoodError: none of it can be read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What `providers/<name>.py` offers."""

    max_body_bytes: int
    # those it uses, and what each call of them must have: the names of headers that sign it
    methods: Mapping[str, frozenset[bytes]]
    retries_on_5xx: bool  # for hours after a 503; else what it tells is kept on disk
    # of one account, by name, given all accounts of this provider and their secrets
    endpoint: Callable[[str, Mapping[str, Account], Mapping[str, Secrets]], Endpoint]
    # of an account nobody configured: as much work as a real one, and nothing ever fits
    stranger: Callable[[], Endpoint]
