"""Which endpoint answers which path: the configured accounts, and decoys for all others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from herald.config.loading import Configuration, ConfigurationError
from herald.providers.account import Account
from herald.providers.registry import ACCOUNTS, webhooks_module
from herald.providers.webhook_endpoints import Endpoint, EndpointRules
from ingress.metrics import UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a path leads to."""

    provider: str  # its name; `unknown` for a name that is no provider's
    account: str  # `unknown` for one that nobody configured
    endpoint: Endpoint
    rules: EndpointRules
    is_known: bool  # False: nobody configured this account


class Endpoints:
    """Finds a path's target. Every path has one, so that a caller can't find out who is known."""

    def __init__(self, targets: Iterable[Target], accounts: Iterable[Account] = ()) -> None:
        """`accounts`: all that are configured, whose providers may have profiles of their own."""
        self._targets = {(target.provider, target.account): target for target in targets}
        self._decoys = {
            name: _decoy(name, endpoint)
            for folder, module in _webhooks(ACCOUNTS).items()
            for name, endpoint in _made_decoys(folder, module, list(accounts)).items()
        }
        self._nobody = _nobody(list(self._decoys.values()))

    def find(self, provider: str, account: str) -> Target:
        """Return the target of `/webhooks/{provider}/{account}`."""
        known = self._targets.get((provider, account))
        return known if known is not None else self._decoys.get(provider, self._nobody)

    @property
    def accounts(self) -> list[tuple[str, str]]:
        """The configured ones: provider and account."""
        return sorted(self._targets)

    @property
    def providers_without_retries(self) -> list[str]:
        """The providers of configured accounts that don't try again after a 503."""
        targets = self._targets.values()
        return sorted({target.provider for target in targets if not target.rules.retries_on_5xx})


def endpoints_from(configuration: Configuration) -> Endpoints:
    """Build the endpoints of all configured accounts whose providers call us.

    Raises:
        ConfigurationError: a secrets file or a key can't be used.
    """
    accounts = configuration.file.accounts
    modules = _webhooks({account.folder for account in accounts.values()})
    names = [
        name
        for name, account in accounts.items()
        if account.folder in modules and account.webhook_retry_gap is not None
    ]
    credentials = configuration.credentials_for(names)
    targets: list[Target] = []
    problems: list[str] = []
    for name in names:
        provider, folder = accounts[name].provider, accounts[name].folder
        siblings = {n: accounts[n] for n in names if accounts[n].provider == provider}
        try:
            endpoint = modules[folder].make_endpoint(name, siblings, credentials)
        except ValueError as error:
            problems.append(f"accounts.{name}.{error}")
            continue
        targets.append(target_of(provider, name, endpoint))
    if problems:
        raise ConfigurationError(configuration.path, problems)
    return Endpoints(targets, accounts.values())


def target_of(provider: str, account: str, endpoint: Endpoint) -> Target:
    """Make the target of a configured account."""
    return Target(
        provider=provider,
        account=account,
        endpoint=endpoint,
        rules=endpoint.rules,
        is_known=True,
    )


def _webhooks(providers: Iterable[str]) -> dict[str, Any]:
    """Import the webhooks of those providers that have any."""
    found = {name: webhooks_module(name) for name in providers}
    return {name: module for name, module in found.items() if module is not None}


def _made_decoys(folder: str, module: Any, accounts: list[Account]) -> dict[str, Endpoint]:
    """Make the decoys of a folder: one, or one for each provider that it serves."""
    if hasattr(module, "make_decoys"):
        made: dict[str, Endpoint] = module.make_decoys(accounts)
        return made
    return {folder: module.make_decoy()}


def _decoy(provider: str, endpoint: Endpoint) -> Target:
    return replace(target_of(provider, UNKNOWN, endpoint), is_known=False)


def _nobody(decoys: list[Target]) -> Target:
    """Stand for a name that is no provider's: by the widest rules that refuse by the head."""
    # none whose signature is in the body: nobody's is not read
    by_head = [it for it in decoys if it.rules.admits is not None or it.rules.methods.get("POST")]
    widest = max(by_head, key=lambda decoy: decoy.rules.max_body_bytes)
    methods = {name: headers for it in decoys for name, headers in it.rules.methods.items()}
    rules = replace(widest.rules, methods={**methods, **widest.rules.methods})
    return replace(widest, provider=UNKNOWN, rules=rules)
