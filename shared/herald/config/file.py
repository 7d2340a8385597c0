"""The shape of `herald.toml`, and the checks that need more than one part of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from herald.config.broker_users import BrokerUser, Services
from herald.config.consent import Consent
from herald.config.fallback import FallbackRules
from herald.config.ingress import IngressRules
from herald.config.quiet_hours import QuietHours, quiet_hours_problems
from herald.config.quotas import Quotas, quota_problems
from herald.config.read_api import ReadApiRules
from herald.config.retention import Retention
from herald.config.senders import Sender
from herald.config.serving import AccountIndex, ServedStep
from herald.config.sms import SmsRules
from herald.config.unsubscribe import UnsubscribeRules
from herald.contracts.commands import Route
from herald.contracts.durations import Duration
from herald.contracts.identifiers import UNKNOWN_TENANT, ConfiguredName, TenantName
from herald.contracts.time_zones import TimeZoneName
from herald.contracts.vocabulary import Category, Receipts
from herald.egress.configuration import EgressRules
from herald.files.configuration import MediaRules
from herald.providers.account import Account
from herald.providers.account_rates import egress_rate_problems
from herald.providers.registry import AnyAccount, name_clashes
from herald.providers.windows import why_unsayable_outside
from herald.templates.configuration import Templates

DEFAULT_TENANT = "default"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


FilePath = Annotated[str, StringConstraints(min_length=1)]


class Tenant(_Part):
    """A user of the gateway, with the defaults of its commands."""

    route: ConfiguredName = "default"  # the route of commands that name none
    sender: ConfiguredName | None = None  # the sender of commands that name none
    users: tuple[BrokerUser, ...] = ()  # broker users who may command for it; none named: any
    timezone: TimeZoneName = "UTC"  # for quiet hours of recipients whose own is not known
    quiet_hours: dict[Category, QuietHours] = Field(default_factory=dict)  # instead of everybody's
    raw: bool = False  # whether its inbound events also carry what the provider sent, as it was
    quotas: Quotas = Field(default_factory=dict)  # what it may send in a period

    @property
    def counts_cost(self) -> bool:
        """Whether it must be known what its messages cost."""
        return any(quota.spend is not None for quota in self.quotas.values())


class Operators(_Part):
    """Who operates the gateway: sends messages again, replays dead letters, erases recipients."""

    users: tuple[BrokerUser, ...] = ()  # broker users who may; none named: nobody


class CategoryRules(_Part):
    """How long a message of a category lives, and how soon its attempts must start."""

    ttl: Duration  # how long a message may take
    start_within: Duration | None = None  # how soon a worker must start any but the last step


DEFAULT_CATEGORIES: dict[Category, CategoryRules] = {
    Category.OTP: CategoryRules(ttl=timedelta(minutes=10), start_within=timedelta(seconds=30)),
    Category.TRANSACTIONAL: CategoryRules(
        ttl=timedelta(hours=24), start_within=timedelta(minutes=5)
    ),
    Category.MARKETING: CategoryRules(ttl=timedelta(hours=72)),
}


class RetryRules(_Part):
    """Retries of a step: at most three tries, full jitter between zero and a growing bound."""

    base: Duration = timedelta(seconds=2)  # bound of the first pause; it doubles with each
    cap: Duration = timedelta(minutes=5)  # the highest bound


class RouterRules(_Part):
    """The router's own settings."""

    retry: RetryRules = RetryRules()
    fallback: FallbackRules = FallbackRules()


class SecretRules(_Part):
    """How files with secrets are taken."""

    allow_open_files: bool = False  # take those that every user of the machine may read


class MaskingRules(_Part):
    """The key that addresses are masked and hashed with."""

    key_file: FilePath = "secrets/masking.key"  # a path relative to herald.toml
    earlier_key_files: tuple[FilePath, ...] = ()  # keys before it, for suppressions made with them


class SessionRules(_Part):
    """The keys that seal accounts' sessions in the database."""

    keys_file: FilePath = "secrets/session-keys.toml"  # a path relative to herald.toml


class ConfiguredRoute(Route):
    """A route that commands may name."""

    tenants: tuple[TenantName, ...] = (DEFAULT_TENANT,)  # whose commands may name it


class HeraldFile(_Part):
    """All of `herald.toml`."""

    tenants: dict[TenantName, Tenant] = Field(min_length=1)
    senders: dict[ConfiguredName, Sender] = Field(default_factory=dict)
    accounts: dict[ConfiguredName, AnyAccount] = Field(min_length=1)
    routes: dict[ConfiguredName, ConfiguredRoute] = Field(min_length=1)
    categories: dict[Category, CategoryRules] = Field(default_factory=dict)
    router: RouterRules = RouterRules()
    ingress: IngressRules = IngressRules()
    quiet_hours: dict[Category, QuietHours] = Field(default_factory=dict)
    retention: Retention = Retention()
    consent: Consent = Consent()
    unsubscribe: UnsubscribeRules = UnsubscribeRules()
    operators: Operators = Operators()
    read_api: ReadApiRules = ReadApiRules()
    secrets: SecretRules = SecretRules()
    masking: MaskingRules = MaskingRules()
    sessions: SessionRules = SessionRules()
    services: Services = Services()
    egress: EgressRules = EgressRules()
    media: MediaRules = MediaRules()
    templates: Templates = Templates()
    sms: SmsRules = SmsRules()

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels some account serves, sorted: the topology is computed from them."""
        return tuple(sorted({account.channel for account in self.accounts.values()}))

    @property
    def webhook_retry_gap(self) -> timedelta | None:
        """The longest first gap between two tries of a webhook; None: nobody reports by webhook.

        A provider whose acceptance is its last news is never silent, however long it waits.
        """
        gaps = (
            account.webhook_retry_gap
            for account in self.accounts.values()
            if account.receipts is not Receipts.NONE
        )
        return max((gap for gap in gaps if gap is not None), default=None)

    def serving(
        self, step: ServedStep, tenant: str, address: str | None = None
    ) -> dict[str, Account]:
        """Return the accounts that a tenant's step may use, for an address if one is given."""
        return self._account_index.serving(step, tenant, address)

    @cached_property
    def _account_index(self) -> AccountIndex:
        return AccountIndex(self.accounts)

    def tenants_that_can_send_nothing(self) -> Iterator[str]:
        """Name each tenant whose commands are all refused: no account serves it on its route."""
        for name, tenant in self.tenants.items():
            steps = self.routes[tenant.route].steps
            if not any(self.serving(step, name) for step in steps):
                channels = ", ".join(step.channel for step in steps)
                yield (
                    f"tenants.{name}: can send nothing: no account of its serves a step of"
                    f" routes.{tenant.route} ({channels})"
                )

    def may_command(self, user: str | None, tenant: str) -> bool:
        """Whether a broker user may command for a tenant that is configured."""
        users = self.tenants[tenant].users
        return not users or user in users

    def tenant_of(self, user: str | None) -> str | None:
        """Return the first tenant that names a broker user; None: none does."""
        return next((name for name, tenant in self.tenants.items() if user in tenant.users), None)

    def is_operator(self, user: str | None) -> bool:
        """Whether a broker user may give operators' commands."""
        return user is not None and user in self.operators.users

    def rules_for(self, category: Category) -> CategoryRules:
        """Return a category's rules, configured or default."""
        return self.categories.get(category) or DEFAULT_CATEGORIES[category]

    def quiet_hours_of(self, tenant: str, category: Category) -> QuietHours | None:
        """Return when nothing of a category is sent for a tenant; None: it always is."""
        own = self.tenants[tenant].quiet_hours if tenant in self.tenants else {}
        return own.get(category) or self.quiet_hours.get(category)

    def timezone_of(self, tenant: str) -> str:
        """Return a tenant's time zone, also of one that is configured no more."""
        return self.tenants[tenant].timezone if tenant in self.tenants else "UTC"

    @property
    def has_quiet_hours(self) -> bool:
        """Whether some messages are not sent at some hours."""
        return bool(self.quiet_hours) or any(it.quiet_hours for it in self.tenants.values())

    @model_validator(mode="after")
    def _names_are_known(self) -> HeraldFile:
        problems = [
            *self._tenant_problems(),
            *self._owner_problems(),
            *self._route_problems(),
            *self._quota_problems(),
            *self._retention_problems(),
            *self._quiet_hours_problems(),
            *egress_rate_problems(self.accounts),
            *name_clashes(self.accounts),
            *self.consent.problems(),
            *self.egress.problems(self.accounts),
            *self.media.problems(self.egress),
            *self.templates.problems(self.channels, self.tenants),
            *self.services.problems(self.channels),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _tenant_problems(self) -> Iterator[str]:
        for name, tenant in self.tenants.items():
            if name == UNKNOWN_TENANT:
                yield f"tenants.{name}: this name is reserved"
            route, sender = self.routes.get(tenant.route), self.senders.get(tenant.sender or "")
            if route is None:
                yield f"tenants.{name}.route: no route {tenant.route!r}"
            elif name not in route.tenants:
                yield f"tenants.{name}.route: routes.{tenant.route}.tenants does not name it"
            if tenant.sender is not None and sender is None:
                yield f"tenants.{name}.sender: no sender {tenant.sender!r}"
            elif sender is not None and name not in sender.tenants:
                yield f"tenants.{name}.sender: senders.{tenant.sender}.tenants does not name it"

    def _owner_problems(self) -> Iterator[str]:
        owned = (
            *((f"accounts.{name}", part.tenants) for name, part in self.accounts.items()),
            *((f"senders.{name}", part.tenants) for name, part in self.senders.items()),
            *((f"routes.{name}", part.tenants) for name, part in self.routes.items()),
        )
        for name, tenants in owned:
            for tenant in tenants:
                if tenant not in self.tenants:
                    yield f"{name}.tenants: no tenant {tenant!r}"

    def _route_problems(self) -> Iterator[str]:
        for name, route in self.routes.items():
            for index, step in enumerate(route.steps):
                where = f"routes.{name}.steps.{index}"
                account = self.accounts.get(step.account) if step.account else None
                if step.channel not in self.channels:
                    yield f"{where}.channel: no account serves {step.channel!r}"
                elif step.account is not None and account is None:
                    yield f"{where}.account: no account {step.account!r}"
                elif account is not None and account.channel != step.channel:
                    yield f"{where}.account: {step.account!r} serves {account.channel!r}"
                elif step.outside_window is not None:
                    serving = (self.serving(step, tenant).values() for tenant in route.tenants)
                    accounts = [account for each in serving for account in each]
                    if problem := why_unsayable_outside(step.outside_window, accounts):
                        yield f"{where}.outside_window: {problem}"

    def _quiet_hours_problems(self) -> Iterator[str]:
        yield from quiet_hours_problems("quiet_hours", self.quiet_hours, self.channels)
        for name, tenant in self.tenants.items():
            where = f"tenants.{name}.quiet_hours"
            yield from quiet_hours_problems(where, tenant.quiet_hours, self.channels)

    def _quota_problems(self) -> Iterator[str]:
        for name, tenant in self.tenants.items():
            yield from quota_problems(name, tenant.quotas, self.accounts)

    def _retention_problems(self) -> Iterator[str]:
        lives = {f"categories.{word}.ttl": self.rules_for(word).ttl for word in Category}
        yield from self.retention.problems(lives)
