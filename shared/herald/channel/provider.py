"""What a provider adapter is: one call for one attempt, and what became of it as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from herald.failures import Failure
from herald.vocabulary import Receipts
from herald.work import Work


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it; `references` are its ids of what it took, at least one."""

    references: tuple[str, ...]
    element: Any = field(default=None, repr=False)  # the provider's answer, for the history


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider, or the way to it, provably did not take it.

    `of_recipient`: a rate limit of this recipient, which does not hold the account's other calls.
    """

    failure: Failure
    element: Any = field(default=None, repr=False)
    of_recipient: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The request may have been taken: the answer was lost, late or unreadable.

    `code` says how, e.g. `read_timeout`, `connection_reset`, `http_502`.
    """

    code: str
    element: Any = field(default=None, repr=False)


SendResult = Accepted | Refused | Uncertain


class Provider(Protocol):
    """One account at one provider."""

    @property
    def receipts(self) -> Receipts:
        """The furthest news this account will send after an acceptance."""
        ...

    async def send(self, work: Work) -> SendResult:
        """Make the call for `work`, once. A transport's exceptions never leave it."""
        ...
