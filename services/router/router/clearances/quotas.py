"""Whether a tenant's quotas leave room for a step: asked last, for what starts is charged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from herald.config.file import HeraldFile
from herald.config.quotas import Quota
from herald.database.pool import Connection
from router.clearances.source import Found, Hop
from router.core.clearance import Clearance
from router.core.quotas import Usage, charge, give_back
from router.store.quotas import lock_usage, save_usage


class QuotaClearance:
    """Charges steps that start to their tenants; those that find nothing left wait or are skipped.

    A step is charged once, however many tries it takes.
    """

    def __init__(self, configuration: HeraldFile) -> None:
        self._configuration = configuration
        self._quotas: Mapping[str, Mapping[str, Quota]] = {
            name: tenant.quotas for name, tenant in configuration.tenants.items() if tenant.quotas
        }

    @property
    def is_needed(self) -> bool:
        """Whether some tenant has a quota."""
        return bool(self._quotas)

    def charges(self, tenant: str) -> bool:
        """Whether a tenant has a quota."""
        return tenant in self._quotas

    async def clear(self, connection: Connection, hops: Sequence[Hop], now: datetime) -> Found:
        """Charge steps in their order, as far as their tenants' quotas go."""
        by_tenant = self._limited(hop for hop in hops if not hop.is_retry)
        if not by_tenant:
            return {}
        found: dict[tuple[UUID, int], Clearance] = {}
        charged: dict[str, Usage] = {}
        for tenant, usage in (await lock_usage(connection, by_tenant)).items():
            charged[tenant] = usage
            for hop in by_tenant[tenant]:
                channel, cost = hop.planned.channel, self._cost(hop)
                refused, charged[tenant] = charge(
                    self._quotas[tenant], charged[tenant], channel, cost, now
                )
                if refused is not None:
                    found[hop.key] = refused
        await save_usage(connection, charged)
        return found

    async def take_back(self, connection: Connection, hops: Sequence[Hop], now: datetime) -> None:
        """Take back what was charged for steps of messages that were not accepted after all."""
        by_tenant = self._limited(hops)
        if not by_tenant:
            return
        left = dict(await lock_usage(connection, by_tenant))
        for tenant, mine in by_tenant.items():
            for hop in mine:
                channel, cost = hop.planned.channel, self._cost(hop)
                left[tenant] = give_back(self._quotas[tenant], left[tenant], channel, cost, now)
        await save_usage(connection, left)

    def _cost(self, hop: Hop) -> Decimal:
        """Return what a step costs at most: its worker chooses among accounts later."""
        step = hop.planned
        serving = self._configuration.serving(step, hop.message.tenant, step.address).values()
        prices = (account.price.amount for account in serving if account.price is not None)
        return max(prices, default=Decimal(0)) * (step.parts or 1)

    def _limited(self, hops: Iterable[Hop]) -> dict[str, list[Hop]]:
        """Part the steps that some quota counts, by tenant."""
        by_tenant: dict[str, list[Hop]] = defaultdict(list)
        for hop in hops:
            quotas = self._quotas.get(hop.message.tenant, {})
            if any(quota.counts(hop.planned.channel) for quota in quotas.values()):
                by_tenant[hop.message.tenant].append(hop)
        return by_tenant
