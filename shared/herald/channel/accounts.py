"""An account ready to make calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from herald.channel.breaker import Breaker, Trouble
from herald.channel.definitions import Render, as_it_is
from herald.channel.egress.account_egress import AccountEgress
from herald.channel.fetched_content import FetchAll, with_files
from herald.contracts.content.mediums import why_unsayable
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.providers.account import Account, NoSecrets
from herald.providers.budgets import AccountBudgets, Budget
from herald.providers.credentials import Credentials, CredentialsError
from herald.providers.rendered import Rendered
from herald.providers.sending import Provider, Refused, SendResult

# beyond the provider's time limit: waiting for a connection, recording the report
LEASE_SLACK = timedelta(seconds=20)

_log = structlog.get_logger(__name__)


def _no_credentials() -> Credentials[NoSecrets]:
    return Credentials(NoSecrets(), NoSecrets)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingAccount:
    """An account ready to make calls."""

    name: str
    options: Account
    provider: Provider  # where it goes by no egress
    breaker: Breaker = field(default_factory=Breaker)
    credentials: Credentials[Any] = field(default_factory=_no_credentials, repr=False)
    render: Render = as_it_is
    fetch_all: FetchAll | None = None  # what a rendered content wants fetched
    lease: timedelta = field(init=False)  # how long a claim lasts: the call can't outlive it
    timeout_seconds: float = field(init=False)  # how long a call takes at most
    _budgets: AccountBudgets = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make what all its calls have in common."""
        made = AccountBudgets(self.name, self.options.provider, self.options.allowances)
        object.__setattr__(self, "lease", self.options.timeout + LEASE_SLACK)
        object.__setattr__(self, "timeout_seconds", self.options.timeout.total_seconds())
        object.__setattr__(self, "_budgets", made)

    egress: AccountEgress | None = None  # None: calls leave as the system has it

    @property
    def providers(self) -> Sequence[Provider]:
        """Every instance of its provider: one for each way out."""
        if self.egress is None:
            return (self.provider,)
        return [way.provider for way in self.egress.ways.values()]

    @property
    def has_way(self) -> bool:
        """Whether a call has a way out: a pool may have no healthy member."""
        return self.egress is None or bool(self.egress.usable)

    @property
    def is_refused(self) -> bool:
        """Whether it is down because its credentials were refused."""
        return self.breaker.down is not None and self.breaker.down.trouble is Trouble.AUTH

    def serves(self, work: Work) -> bool:
        """Whether this account may make the call."""
        return (
            work.tenant in self.options.tenants
            and (work.account is None or work.account == self.name)
            and self.name not in work.avoid
            and self.options.sends_as(work.sender)
            and self.options.nearness(work.to) is not None
            and not self.options.lacks(work.content)
        )

    def budgets(self, work: Work, egress: str | None = None) -> tuple[Budget, ...]:
        """Return every budget that a call for `work` draws from, by the egress it leaves by."""
        return self._budgets.of(work, egress)

    def choose_egress(
        self, work: Work, now: float, time: datetime, queue: str | None = None
    ) -> str | None:
        """Return the egress member that a call goes by; None: it goes by none.

        `queue` is the budget at which the work has a place.
        """
        return None if self.egress is None else self.egress.choose(work, now, time, queue)

    def shared_budgets(self, work: Work) -> tuple[Budget, ...]:
        """Return those that calls to others draw from, too, but an egress address's."""
        return self._budgets.shared(work)

    async def content(self, work: Work, seconds: float) -> Rendered | Refused:
        """Render what is said, and fetch its files within `seconds`; or say why it can't be sent.

        No byte has gone to the provider when it says so.
        """
        content = self.rendered(work)
        if not isinstance(content, Failure) and self.fetch_all is not None:
            content = await with_files(content, self.fetch_all, seconds)
        return Refused(content, of_message=True) if isinstance(content, Failure) else content

    async def send(
        self, work: Work, *, egress: str | None = None, probe: bool = False
    ) -> SendResult:
        """Render the content, fetch its files, and have the provider make the call."""
        content = await self.content(work, LEASE_SLACK.total_seconds())
        if isinstance(content, Refused):
            return content
        return await self.call(work, content, egress=egress, probe=probe)

    async def call(
        self, work: Work, content: Rendered, *, egress: str | None = None, probe: bool = False
    ) -> SendResult:
        """Have the provider make the call, by an egress member if any.

        Credentials that were refused may have been replaced since: the probe of an account that is
        down for them reads them again first.
        """
        if probe and self.is_refused:
            await self.refresh_credentials()
        if self.egress is None or egress is None:
            return await self.provider.send(work, content)
        return await self.egress.send(egress, work, content)

    def rendered(self, work: Work) -> Rendered | Failure:
        """Render what `work` says as this account's provider takes it, or say why it can't be."""
        template = work.content.template
        holds_template = template is not None and self.options.holds(template.name)
        if (medium := self.options.medium) is not None:
            problem = why_unsayable(
                work.channel, work.content, holds_template=holds_template, medium=medium
            )
            if problem is not None:
                return problem.failure
        return self.render(work, holds_template=holds_template)

    async def refresh_credentials(self) -> None:
        """Read its secrets again; the log says so when they can't be read, and they stay."""
        try:
            await self.credentials.refresh()
        except CredentialsError as error:
            _log.warning("account.credentials_unreadable", account=self.name, error=str(error))
