"""`[egress]` of `herald.toml`: the ways out, and the pools of them that accounts go by. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from herald.contracts.durations import Duration
from herald.contracts.identifiers import ConfiguredName
from herald.providers.account import IN_CLEAR, Account, NonEmptySecret, Secrets
from herald.providers.cleartext import is_loopback

LONGEST_SECRET = 255  # RFC 1929: one byte holds the length


class ProxySecrets(Secrets):
    """What a member's `secrets_file` holds: both, or none for a proxy that trusts our address."""

    username: NonEmptySecret | None = None
    password: NonEmptySecret | None = None

    @model_validator(mode="after")
    def _fit_for_proxies(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("give username and password, or neither")
        for secret in self.values():
            if not secret.isascii() or not secret.isprintable() or len(secret) > LONGEST_SECRET:
                raise ValueError(f"at most {LONGEST_SECRET} printable ASCII characters each")
        if self.username is not None and ":" in self.username.get_secret_value():
            raise ValueError("no username has a colon (RFC 7617)")
        return self

    def login(self) -> tuple[str, str] | tuple[None, None]:
        """Return username and password, in clear."""
        if self.username is None or self.password is None:
            return None, None
        return self.username.get_secret_value(), self.password.get_secret_value()


def _address(value: str) -> str:
    return str(ip_address(value))


class Member(BaseModel):
    """One way out: `[egress.members.<name>]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secrets_model: ClassVar[type[Secrets]] = ProxySecrets

    kind: Literal["direct", "http", "socks5"]  # without a proxy, or through one: CONNECT or SOCKS5
    host: str | None = Field(default=None, pattern=r"^[A-Za-z0-9.:-]{1,253}$")  # the proxy
    port: int | None = Field(default=None, ge=1, le=65_535)  # of the proxy
    local_address: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None,
        description="Of `direct`: the address of this machine to call from; none: the system's.",
    )
    secrets_file: str | None = None  # `username` and `password`, a path relative to herald.toml
    allow_cleartext: bool = False  # send them to another machine unencrypted

    def secrets_problems(self, _secrets: Secrets) -> Iterator[str]:
        """Say what is wrong with its secrets: nothing that the file's own rules don't say."""
        yield from ()

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if problem := self._problem():
            raise ValueError(problem)
        return self

    def _problem(self) -> str | None:
        if self.kind == "direct":
            if self.host is not None or self.port is not None or self.secrets_file is not None:
                return "host, port and secrets_file are a proxy's: kind is direct"
            return None
        if self.host is None or self.port is None:
            return f"host and port are missing: kind is {self.kind}"
        if self.local_address is not None:
            return f"local_address is for kind direct: kind is {self.kind}"
        if self.secrets_file and not self.allow_cleartext and not is_loopback(self.host):
            return f"{IN_CLEAR}: proxies take them in clear; set allow_cleartext = true"
        return None


class Pool(BaseModel):
    """Members that accounts share: `[egress.pools.<name>]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    members: tuple[ConfiguredName, ...] = Field(min_length=1)  # names of `[egress.members]`
    rotate_after: Duration | None = Field(
        default=None, description="How long a sender goes by one member; none: as long as it can."
    )

    @model_validator(mode="after")
    def _plausible(self) -> Self:
        if len(set(self.members)) < len(self.members):
            raise ValueError("members: each is named once")
        if self.rotate_after is not None and self.rotate_after < timedelta(seconds=1):
            raise ValueError("rotate_after: at least 1s")
        if len(self.members) == 1 and self.rotate_after is not None:
            raise ValueError("rotate_after: there is no other member")
        return self


class EgressRules(BaseModel):
    """All of `[egress]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    members: dict[ConfiguredName, Member] = Field(default_factory=dict)
    pools: dict[ConfiguredName, Pool] = Field(default_factory=dict)
    default: ConfiguredName | None = None  # the pool or member of accounts that name none

    def pool_of(self, account: Account) -> Pool | None:
        """Return the members that an account goes by; None: it calls as the machine does."""
        name = account.egress or self.default
        if name is None:
            return None
        return self.pools.get(name) or Pool(members=(name,))

    def pairs(self, accounts: Mapping[str, Account]) -> list[tuple[str, str]]:
        """Return each member with each server that an account is to reach by it."""
        pairs = [
            (member, account.server.name)
            for account in accounts.values()
            if (pool := self.pool_of(account)) is not None
            for member in pool.members
        ]
        return sorted(set(pairs))

    def problems(self, accounts: Mapping[str, Account]) -> Iterator[str]:
        """Say what does not fit, with its path."""
        for name in self.pools.keys() & self.members.keys():
            yield f"egress.pools.{name}: a member has this name, too"
        for name, pool in self.pools.items():
            for member in pool.members:
                if member not in self.members:
                    yield f"egress.pools.{name}.members: no member {member!r}"
        named = {f"accounts.{name}.egress": account.egress for name, account in accounts.items()}
        for name, account in accounts.items():
            if account.egress_rate is not None and self.pool_of(account) is None:
                yield f"accounts.{name}.egress_rate: it goes by no egress"
        for path, egress in {"egress.default": self.default, **named}.items():
            if egress is not None and egress not in self.pools and egress not in self.members:
                yield f"{path}: no pool or member {egress!r}"
