"""Shows how much of their quotas tenants have used; all routers show the same."""

from __future__ import annotations

import asyncio

from herald.config.file import HeraldFile
from herald.database.pool import Database
from herald.service.periodic import JITTER, Periodic
from router import metrics
from router.core.quotas import share_used
from router.store.quotas import read_usage

LOOK_SECONDS = 10.0


class QuotaUse:
    """Sets the gauges of the configured quotas."""

    def __init__(self, database: Database, configuration: HeraldFile) -> None:
        self._database = database
        tenants = configuration.tenants.items()
        self._quotas = {name: tenant.quotas for name, tenant in tenants if tenant.quotas}

    async def run(self) -> None:
        """Show until cancelled; nothing is asked where there is no quota."""
        if not self._quotas:
            await asyncio.Event().wait()  # whoever ends is started again
        else:
            await Periodic("quota_use", self.turn, LOOK_SECONDS, jitter=JITTER).run()

    async def turn(self) -> None:
        """Read what is used, and show it."""
        async with self._database.connection() as connection:
            usage = await read_usage(connection, self._quotas)
        now = self._database.now()
        for tenant, quotas in self._quotas.items():
            for name, quota in quotas.items():
                share = share_used(quota, usage.get(tenant, {}).get(name), now)
                metrics.QUOTA_USED_RATIO.labels(tenant, name).set(float(share))
