"""Makes the ways of a channel's accounts from the configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from herald.channel.egress import metrics
from herald.channel.egress.account_egress import AccountEgress, MemberWay
from herald.channel.egress.checking import Checked
from herald.channel.egress.choosing import Chooser, Reason, Rotation
from herald.channel.egress.health import EgressHealth, Watched
from herald.channel.egress.quarantine import MemberHealth
from herald.channel.egress.rows import Pair
from herald.database.pool import Database
from herald.egress.configuration import EgressRules, Pool, ProxySecrets
from herald.egress.tunnels import Tunnel, make_tunnel
from herald.http.client import HttpClient
from herald.providers.account import Account
from herald.providers.budgets import egress_key
from herald.providers.credentials import Credentials
from herald.providers.sending import NotSent, Provider, ProviderContext, SendResult

Context = ProviderContext[Any, Any]


class EgressBuilder:
    """Builds the egress of one channel; `clients` are to be started before its providers.

    `usage` says which part of a budget is drawn, by its key.
    """

    def __init__(
        self,
        channel: str,
        rules: EgressRules,
        credentials: Mapping[str, Credentials[ProxySecrets]],
        database: Database,
        usage: Callable[[str], float],
    ) -> None:
        self._channel = channel
        self._rules = rules
        self._credentials = credentials
        self._tunnels: dict[str, Tunnel | None] = {
            name: make_tunnel(rules.members[name], found) for name, found in credentials.items()
        }
        self._watched: dict[Pair, Watched] = {}
        self._pools: dict[tuple[str, str], list[Pair]] = {}
        self._usage = usage
        self._reached: dict[tuple[str, str], None] = {}  # member and provider
        self._database = database
        self.clients: list[HttpClient] = []

    def build(
        self, contexts: Mapping[str, Context], make: Callable[[Context], Provider]
    ) -> dict[str, AccountEgress]:
        """Make the ways of every account that goes by a pool or member, by its name."""
        made: dict[str, AccountEgress] = {}
        for name, context in contexts.items():
            pool = self._rules.pool_of(context.account)
            if pool is not None:
                made[name] = self._account(context, pool, make)
        metrics.initialise(self._channel, self._reached)
        self.health = EgressHealth(self._channel, self._watched, self._pools, self._database)
        return made

    def _account(
        self, context: Context, pool: Pool, make: Callable[[Context], Provider]
    ) -> AccountEgress:
        account = context.account
        ways = {member: self._way(member, context, make) for member in pool.members}
        self._reached |= {(member, account.provider): None for member in pool.members}
        share = None if account.egress_rate is None else account.egress_share
        named = account.egress or self._rules.default or ""
        server = account.server.name
        self._pools[named, server] = [Pair(member, server) for member in pool.members]
        return AccountEgress(
            account=context.name,
            provider=account.provider,
            pool=named,
            timeout=account.timeout,
            ways=ways,
            chooser=Chooser(
                pool.members,
                Rotation(share=share, after=pool.rotate_after),
                lambda member: self._usage(egress_key(member, account.provider)),
                self._count_move,
            ),
            count=lambda member, result: self._count(member, account.provider, result),
            changed=self._changed,
            time=self._database.now,
        )

    def _way(self, member: str, context: Context, make: Callable[[Context], Provider]) -> MemberWay:
        """Make the account's provider anew, so that it knows no way but this one."""
        tunnel = self._tunnels[member]
        http = HttpClient(context.account.timeout, way=tunnel)
        self.clients.append(http)
        connect = None if tunnel is None else tunnel.connect
        provider = make(replace(context, http=http, connect=connect))
        health = self._watch(member, context.account)
        return MemberWay(name=member, provider=provider, http=http, health=health)

    def _watch(self, member: str, account: Account) -> MemberHealth:
        pair = Pair(member, account.server.name)
        found = self._watched.get(pair)
        health = MemberHealth() if found is None else found.health
        providers = () if found is None else tuple(found.providers)
        self._watched[pair] = Watched(
            checked=Checked(
                egress=member,
                server=account.server,
                tunnel=self._tunnels[member],
                credentials=self._credentials[member],
                health=health,
            ),
            providers=tuple(dict.fromkeys((*providers, account.provider))),
        )
        return health

    def _count(self, member: str, provider: str, result: SendResult) -> None:
        metrics.SENDS.labels(self._channel, member, provider, metrics.RESULTS[type(result)]).inc()
        if isinstance(result, NotSent) and result.no_connection:
            metrics.FAILURES.labels(self._channel, member, result.code).inc()

    def _changed(self) -> None:
        self.health.changed()

    def _count_move(self, reason: Reason) -> None:
        metrics.MOVES.labels(self._channel, reason).inc()


def members_of(rules: EgressRules, accounts: Mapping[str, Account]) -> list[str]:
    """Name the members that any of these accounts go by."""
    pools = (rules.pool_of(account) for account in accounts.values())
    return list(dict.fromkeys(name for pool in pools if pool for name in pool.members))
