"""The ways of one account: a provider instance for each member of its pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from herald.channel.egress.choosing import Chooser
from herald.channel.egress.pooled_http import PooledHttp
from herald.channel.egress.quarantine import MemberHealth
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.http.client import HttpClient
from herald.providers.budgets import Scope, egress_key
from herald.providers.rendered import Rendered
from herald.providers.sending import NotSent, Provider, Refused, SendResult

# From a call that found no connection to the next: by then the member may be in quarantine.
SOON = timedelta(milliseconds=250)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWay:
    """One member as one account uses it."""

    name: str
    provider: Provider
    http: HttpClient
    health: MemberHealth  # with the account's server


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEgress:
    """Chooses the member of each call of one account, and learns from how calls end.

    `changed` is called when one puts a member in quarantine.
    """

    account: str
    provider: str
    pool: str  # what the account names: a pool, or a member
    timeout: timedelta  # of one call
    ways: Mapping[str, MemberWay]
    chooser: Chooser
    count: Callable[[str, SendResult], None]  # counts a call that is over
    changed: Callable[[], None]
    time: Callable[[], datetime]  # the database's
    clock: Callable[[], float] = monotonic

    @property
    def usable(self) -> Sequence[str]:
        """The members that new calls may go by."""
        return [name for name, way in self.ways.items() if way.health.is_usable]

    def wait(self, now: float) -> float:
        """Return the seconds after which a member may be usable."""
        return min(way.health.wait(now) for way in self.ways.values())

    def choose(self, work: Work, now: float, at: datetime, queue: str | None) -> str | None:
        """Return the member that a call goes by; None: there is no healthy one.

        Work that has a place in the queue at a member's budget stays with the member.
        """
        usable = self.usable
        for member in usable:
            if queue is not None and queue == egress_key(member, self.provider):
                return member
        sender = work.sender or self.account
        if work.kind == "plan":  # it makes no call
            return self.chooser.foresee(sender, usable, now, at)
        return self.chooser.choose(sender, usable, now, at)

    @property
    def client(self) -> HttpClient:
        """Makes the account's calls that are no work, each by the member that is chosen then."""
        return PooledHttp(self.timeout, self._client_now)

    def _client_now(self) -> HttpClient | None:
        member = self.chooser.choose(self.account, self.usable, self.clock(), self.time())
        return None if member is None else self.ways[member].http

    async def send(self, member: str, work: Work, content: Rendered) -> SendResult:
        """Have the provider make a call by a member, and learn from how it ended."""
        began = self.clock()
        result = await self.ways[member].provider.send(work, content)
        return self.note(member, result, began=began, now=self.clock())

    def note(self, member: str, result: SendResult, *, began: float, now: float) -> SendResult:
        """Learn from the end of a call; one that found no connection may find another soon."""
        health = self.ways[member].health
        before = health.changes
        self.count(member, result)
        if isinstance(result, NotSent) and result.no_connection:
            health.note_failed(result.code, began=began, now=now)
            wait = SOON if self.usable else timedelta(seconds=self.wait(now))
            result = replace(result, wait=wait)
        elif not isinstance(result, NotSent) or not result.of_us:
            health.note_connected(began)
            self._note_refusal(member, result, began=began, now=now)
        if health.changes != before:
            self.changed()
        return result

    def _note_refusal(self, member: str, result: SendResult, *, began: float, now: float) -> None:
        """Learn of a provider that throttles or refuses the member's address, and nothing else.

        What it says of the account, the sender or the recipient moves nobody: another address would
        only evade it.
        """
        if not isinstance(result, Refused) or result.scope is not Scope.EGRESS:
            return
        if result.failure.failure_class is FailureClass.RATE_LIMITED:
            self.chooser.rest(member, now)
        else:
            self.ways[member].health.note_blocked(began=began, now=now)
