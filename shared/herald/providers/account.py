"""Provider accounts: one model for each provider's options and one for its secrets file.

Both sides of a provider (its webhooks in ingress, its calls in a channel) read the same entry, so
it is described once, here; a misspelt option is an error, not a silent default.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from herald.contracts.content import ChannelContent
from herald.contracts.content.mediums import Medium
from herald.contracts.content.rich_rules import rich_parts
from herald.contracts.durations import Duration
from herald.contracts.identifiers import ChannelName, ConfiguredName, TenantName
from herald.contracts.prices import Price
from herald.contracts.vocabulary import Receipts
from herald.providers.account_rates import AccountRates
from herald.providers.cleartext import in_clear
from herald.providers.rates import PairRate, Rate
from herald.providers.reach import Country, Prefix, nearness
from herald.providers.servers import Server

BaseUrl = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^/\s?#@]+(/[^\s?#]*)?$"),
    AfterValidator(lambda url: url.rstrip("/")),  # paths are appended to it
]
TextOutsideWindow = Literal["skip", "send"]
NonEmptySecret = Annotated[SecretStr, Field(min_length=1)]
Share = Annotated[float, Field(gt=0, le=1)]
Burst = Annotated[float, Field(ge=1, le=100_000)]


class Secrets(BaseModel):
    """What an account's `secrets_file` holds. Several values of one secret allow rotation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def values(self) -> tuple[str, ...]:
        """Give all of them in clear, so that they can be looked for where they must not be."""
        fields = (getattr(self, name) for name in type(self).model_fields)
        secrets = (value if isinstance(value, tuple) else (value,) for value in fields)
        return tuple(
            secret.get_secret_value()
            for several in secrets
            for secret in several
            if isinstance(secret, SecretStr)
        )


class NoSecrets(Secrets):
    """An account that needs none."""


PROFILE_FOLDER = "profile_folder"  # of herald.toml, in the context that accounts are validated in
IN_CLEAR = "secrets would travel unencrypted"


def refuse_cleartext(url: str, is_allowed: bool | None) -> str:
    """Return a URL that may be called.

    Raises:
        ValueError: what is sent there could be read on its way, and nobody allowed that.
    """
    if in_clear(url) and not is_allowed:
        raise ValueError(f"{IN_CLEAR}: use https://, or set allow_cleartext = true")
    return url


class Account(AccountRates):
    """What every account has, whatever its provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secrets_model: ClassVar[type[Secrets]] = NoSecrets
    # how long its provider waits before it tries a webhook again; None: it sends none
    webhook_retry_gap: ClassVar[timedelta | None] = None
    template_prefix: ClassVar[str | None] = None  # of its templates' names; None: it holds none
    # what a message can be marked as an answer to: what came to it, or anything; None: nothing
    answers: ClassVar[Literal["own", "any"] | None] = None

    provider: str  # which provider it is at
    channel: ChannelName  # which channel it serves
    tenants: tuple[TenantName, ...] = ("default",)  # who may use it; inbound goes to the first
    weight: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Its share of the calls among accounts that have one; those without are taken"
        " in the order of the file, once none of these is free.",
    )
    prefixes: tuple[Prefix, ...] = Field(
        default=(),
        description="Only numbers that begin like this: `+49`. Where several accounts take a"
        " number, the longest prefix wins.",
    )
    countries: tuple[Country, ...] = Field(
        default=(), description="Only numbers of these countries: `DE` (ISO 3166-1)."
    )
    number_kind: str | None = None  # of its numbers, where the platform limits each kind apart
    rate: Rate = 10.0  # calls: `80/s`, `600/m`, `10000/h`
    price: Price | None = None  # of a segment of an SMS, of a message elsewhere: `0.0079 USD`
    burst: Burst | None = None  # calls at once after a pause; one second's worth by default
    sender_rate: Rate | None = None  # calls from each sender; by default as `number_kind` says
    pair_rate: PairRate = None  # calls to each recipient from one sender; `none`: not limited
    pair_burst: Burst | None = None  # calls at once to one recipient after a pause
    egress_rate: Rate | None = None  # calls from one egress address, by all accounts like it
    egress_share: Share = 0.8  # of `egress_rate`: from there on another address is taken
    timeout: Duration = timedelta(seconds=10)  # of one call
    secrets_file: str | None = None  # its secrets, a path relative to herald.toml
    allow_cleartext: bool = False  # send secrets and messages to another machine unencrypted
    egress: ConfiguredName | None = Field(
        default=None, description="The pool or member of `[egress]` it calls by; none: the default."
    )
    foreign: Literal["keep", "ignore"] = "keep"  # statuses of messages that are not Herald's

    @property
    @abstractmethod
    def receipts(self) -> Receipts:
        """The furthest status that it reports."""

    @property
    def folder(self) -> str:
        """The folder of the registry that makes its calls and reads its webhooks."""
        return self.provider

    @property
    def medium(self) -> Medium | None:
        """What it can say, where that is not what its channel says; None: as its channel."""
        return None

    @property
    def service_window(self) -> timedelta | None:
        """For how long after a recipient's message it takes texts to them; None: at any time."""
        return None

    @property
    def tries_outside_window(self) -> bool:
        """Whether it is to be tried after that window, too."""
        return False

    @property
    def session(self) -> Any | None:
        """How it gets access tokens (`oauth.OAuth`); None: it calls with its secrets."""
        return None

    def secrets_problems(self, secrets: Any) -> Iterator[str]:  # noqa: ARG002  most need no look
        """Say what is wrong with its secrets, by the options it has."""
        yield from ()

    @property
    def server(self) -> Server:
        """What its calls connect to."""
        url = urlsplit(str(getattr(self, "base_url", "")))
        is_tls = url.scheme == "https"
        return Server(url.hostname or "", url.port or (443 if is_tls else 80), is_tls)

    def nearness(self, address: str) -> int | None:
        """Return how near it is to an address, by its prefixes; None: it takes no such address."""
        return nearness(address, self.prefixes, self.countries)

    def sends_as(self, sender: str | None) -> bool:  # noqa: ARG002  most accounts may use any
        """Say whether the account can send under a profile's entry for its channel."""
        return True

    @property
    def says(self) -> frozenset[str]:
        """Which rich parts of a content it can send (`contracts/content/rich_rules`)."""
        return frozenset()

    def lacks(self, content: ChannelContent) -> frozenset[str]:
        """Name the rich parts of a content that it can't send."""
        template = content.template
        held = template is not None and self.holds(template.name)
        return rich_parts(content, holds_template=held) - self.says

    def holds(self, template: str) -> bool:
        """Say whether it may be the provider's own; a template of another name is ignored."""
        return self.template_prefix is not None and template.startswith(self.template_prefix)

    @field_validator("base_url", check_fields=False)
    @classmethod
    def _encrypted(cls, url: str, info: ValidationInfo) -> str:
        return refuse_cleartext(url, info.data.get("allow_cleartext"))

    @field_validator("prefixes", "countries")
    @classmethod
    def _of_numbers(cls, given: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if given and info.data.get("channel") == "email":
            raise ValueError("addresses on this channel are no phone numbers")
        return given

    @field_validator("tenants")
    @classmethod
    def _some_tenant(cls, tenants: tuple[str, ...]) -> tuple[str, ...]:
        if not tenants:
            raise ValueError("name at least one tenant")
        return tenants
