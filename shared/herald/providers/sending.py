"""What a provider adapter is: one call for one attempt, and what became of it as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import Receipts
from herald.contracts.work import Work


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it; `references` are its ids of what it took, at least one."""

    references: tuple[str, ...]
    element: Any = field(default=None, repr=False)  # the provider's answer, for the history


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider provably did not take it, by its own word or because we could not ask.

    `of_message`: it lies in this message (a limit of its recipient, a sender that the account may
    not use) and says nothing about the account's other calls.
    """

    failure: Failure
    element: Any = field(default=None, repr=False)
    of_message: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """The way to the provider was closed before it could take anything: no try was made.

    `code` says where, e.g. `dns`, `connect`, `tls`, `http_503`; `wait` is what was asked for.
    """

    code: str
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The request may have been taken: the answer was lost, late or unreadable.

    `code` says how, e.g. `read_timeout`, `connection_reset`, `http_502`.
    """

    code: str
    element: Any = field(default=None, repr=False)


CallResult = Accepted | Refused | Uncertain  # what a try came to
SendResult = CallResult | NotSent


class Provider(Protocol):
    """One account at one provider."""

    @property
    def receipts(self) -> Receipts:
        """The furthest news this account will send after an acceptance."""
        ...

    async def send(self, work: Work) -> SendResult:
        """Make the call for `work`, once. A transport's exceptions never leave it."""
        ...
