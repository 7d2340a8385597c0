"""Which endpoint answers which path: the configured accounts, and a stand-in for all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from herald.config.loading import Configuration, ConfigurationError
from herald.providers.webhook_endpoints import Endpoint, Provider
from ingress.metrics import UNKNOWN
from ingress.providers import PROVIDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a path leads to."""

    name: str  # the provider's; `unknown` for a name that is no provider's
    account: str  # `unknown` for one that nobody configured
    provider: Provider
    endpoint: Endpoint
    is_known: bool  # False: nobody configured this account


class Endpoints:
    """Finds a path's target. Every path has one, so that a caller can't tell who is known."""

    def __init__(
        self, targets: Mapping[tuple[str, str], Target], providers: Mapping[str, Provider]
    ) -> None:
        self._targets = dict(targets)
        self._strangers = {name: _stranger(name, item) for name, item in providers.items()}
        widest = max(providers.values(), key=lambda provider: provider.max_body_bytes)
        others = {
            name: needs for item in providers.values() for name, needs in item.methods.items()
        }
        widest = replace(widest, methods={**others, **widest.methods})
        self._nobody = _stranger(UNKNOWN, widest)

    def find(self, provider: str, account: str) -> Target:
        """Return the target of `/webhooks/{provider}/{account}`."""
        known = self._targets.get((provider, account))
        return known if known is not None else self._strangers.get(provider, self._nobody)

    @property
    def accounts(self) -> list[tuple[str, str]]:
        """The configured ones: provider and account."""
        return sorted(self._targets)

    @property
    def forgetful_providers(self) -> list[str]:
        """The providers of configured accounts that don't come again after a 503."""
        targets = self._targets.values()
        return sorted({target.name for target in targets if not target.provider.retries_on_5xx})


def endpoints_from(
    configuration: Configuration, providers: Mapping[str, Provider] = PROVIDERS
) -> Endpoints:
    """Build the endpoints of all configured accounts whose providers call us.

    Raises:
        ConfigurationError: a secrets file or a key can't be used.
    """
    accounts = configuration.file.accounts
    names = [name for name, account in accounts.items() if account.provider in providers]
    secrets = configuration.secrets_for(names)
    targets: dict[tuple[str, str], Target] = {}
    problems: list[str] = []
    for name in names:
        key = accounts[name].provider
        siblings = {other: accounts[other] for other in names if accounts[other].provider == key}
        try:
            endpoint = providers[key].endpoint(name, siblings, secrets)
        except ValueError as error:
            problems.append(f"accounts.{name}.{error}")
            continue
        targets[key, name] = Target(
            name=key, account=name, provider=providers[key], endpoint=endpoint, is_known=True
        )
    if problems:
        raise ConfigurationError(configuration.path, problems)
    return Endpoints(targets, providers)


def _stranger(name: str, provider: Provider) -> Target:
    return Target(
        name=name,
        account=UNKNOWN,
        provider=provider,
        endpoint=provider.stranger(),
        is_known=False,
    )
