"""Whose turn a send command is taken in: tenants share the router's admission."""

from __future__ import annotations

from pydantic_core import from_json

from herald.bus.deliveries import Delivery
from herald.config.file import DEFAULT_TENANT, HeraldFile
from herald.contracts.identifiers import UNKNOWN_TENANT


class TenantTurns:
    """Names the tenant that a command is for, as far as it may be; all others share one turn."""

    def __init__(self, configuration: HeraldFile) -> None:
        self._configuration = configuration

    def __call__(self, delivery: Delivery) -> str:
        """Return a configured tenant's name, or `unknown`: a command that is refused anyway."""
        try:
            body = from_json(delivery.body, cache_strings="keys")
        except ValueError:
            return UNKNOWN_TENANT
        tenant = body.get("tenant", DEFAULT_TENANT) if isinstance(body, dict) else None
        if not isinstance(tenant, str) or tenant not in self._configuration.tenants:
            return UNKNOWN_TENANT
        may_command = self._configuration.may_command(delivery.user_id, tenant)
        return tenant if may_command else UNKNOWN_TENANT
