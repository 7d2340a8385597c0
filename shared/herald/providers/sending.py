"""What a provider adapter is: one call for one attempt, and what became of it as a value."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt, InboundReceipt
from herald.contracts.vocabulary import FailureClass, Receipts
from herald.http.client import HttpClient
from herald.http.ways import Connect
from herald.providers.account import Account, Secrets
from herald.providers.budgets import Scope
from herald.providers.credentials import Credentials, NoTokenError
from herald.providers.files import FetchFile

if TYPE_CHECKING:
    from herald.contracts.work import Work
    from herald.providers.rendered import Rendered

AccountT = TypeVar("AccountT", bound=Account)
SecretsT = TypeVar("SecretsT", bound=Secrets)


@dataclass(slots=True)  # one a message: a frozen one takes twice as long to make
class Accepted:
    """The provider took it; `references` are its ids of what it took, at least one.

    `receipts`: how far it reports of this message, where that is less than of others.
    """

    references: tuple[str, ...]
    element: Any = field(default=None, repr=False)  # the provider's response, for the history
    receipts: Receipts | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider provably did not take it, by its own word or because we could not ask.

    `of_message`: it lies in this message (a limit of its recipient, a sender that the account may
    not use) and says nothing about the account's other calls.
    `outside_window`: the recipient has not written lately, and may get a template only.

    `scope`: the platform throttled the call. It was not processed, and may be made again once what
    the scope names makes fewer; None of a failure that is rate limited: making fewer is no help,
    such as for a quota of a day.
    """

    failure: Failure
    element: Any = field(default=None, repr=False)
    of_message: bool = False
    scope: Scope | None = None
    outside_window: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """The way to the provider was closed before it could take anything: no try was made.

    `code` says where, e.g. `dns`, `connect`, `tls`, `http_503`; `wait` is what was asked for;
    `no_connection`: there was none with the provider, which another way out may have.
    `of_us`: it lies in a limit that we set ourselves, and says nothing about other calls.
    """

    code: str
    wait: timedelta | None = None
    no_connection: bool = field(default=False, compare=False)
    of_us: bool = False


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The request may have been taken: the response was lost, late or unreadable.

    `code` says how, e.g. `read_timeout`, `connection_reset`, `http_502`.
    """

    code: str
    element: Any = field(default=None, repr=False)


def without_token(error: NoTokenError) -> Refused | NotSent:
    """Say what becomes of a message whose account has no access token.

    It waits where a token may come, and fails over where the provider refuses the account itself.
    """
    if error.is_refused:
        return Refused(Failure.of(FailureClass.AUTH, error.code))
    return NotSent(error.code, error.wait)


CallResult = Accepted | Refused | Uncertain  # what a try came to
SendResult = CallResult | NotSent

# Publishes a receipt that a provider made by itself, and returns once the broker has it.
Emit = Callable[[AttemptReceipt | InboundReceipt], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderContext(Generic[AccountT, SecretsT]):
    """What a provider is made of."""

    name: str  # of the account, in herald.toml
    account: AccountT
    credentials: Credentials[SecretsT]  # ask for `current` at each call: they may be rotated
    http: HttpClient  # started before the provider is
    callback_url: str  # where its webhooks arrive
    connect: Connect | None = None  # for what is not HTTP; None: as the system has it
    fetch: FetchFile | None = None  # files that it takes as bytes


class Provider(Protocol):
    """One account at one provider; its module makes it with `make_provider(context)`."""

    async def start(self, emit: Emit, /) -> None:
        """Open what is needed to send. What reports by itself gives its receipts to `emit`."""
        ...

    async def stop(self) -> None:
        """Close what was opened; no call is under way any more."""
        ...

    async def send(self, work: Work, content: Rendered) -> SendResult:
        """Make the call for `work`, once. A transport's exceptions never leave it."""
        ...
