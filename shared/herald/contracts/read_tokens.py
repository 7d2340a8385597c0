"""Bearer tokens of the read API: who may read what. Digests are kept, never a token."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    field_validator,
    model_validator,
)

from herald.contracts.identifiers import TENANT_PATTERN, UNKNOWN_TENANT, ConfiguredName

EVERY_TENANT = "*"
TOKEN_PREFIX = "herald_read_"  # noqa: S105  so that scanners for leaked secrets know one
_TOKEN_BYTES = 32  # of randomness: a plain digest of so much can't be searched

_NAME: TypeAdapter[str] = TypeAdapter(ConfiguredName)
_TENANT = re.compile(TENANT_PATTERN)


class TokenEntry(BaseModel):
    """`[tokens.<name>]` of the tokens file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]  # of the token, in hex
    tenants: tuple[str, ...] = Field(min_length=1)  # whose messages it reads; `["*"]`: everything

    @field_validator("tenants")
    @classmethod
    def _are_names(cls, tenants: tuple[str, ...]) -> tuple[str, ...]:
        if tenants == (EVERY_TENANT,):
            return tenants
        if EVERY_TENANT in tenants:
            raise ValueError(f'"{EVERY_TENANT}" stands alone')
        for tenant in tenants:
            if not _TENANT.fullmatch(tenant):
                raise ValueError("tenants' names are like 'default'")
            if tenant == UNKNOWN_TENANT:
                raise ValueError(f"{UNKNOWN_TENANT!r} is reserved")
        return tenants


class TokensFile(BaseModel):
    """All of the tokens file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: dict[ConfiguredName, TokenEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _differ(self) -> TokensFile:
        names: dict[str, str] = {}
        for name, entry in self.tokens.items():
            other = names.setdefault(entry.sha256, name)
            if other != name:
                raise ValueError(f"tokens.{name}.sha256: the token of tokens.{other}")
        return self

    def unknown_tenants(self, known: Sequence[str]) -> Iterator[str]:
        """Name each tenant that is not configured, with its path."""
        for name, entry in self.tokens.items():
            for tenant in entry.tenants:
                if tenant != EVERY_TENANT and tenant not in known:
                    yield f"tokens.{name}.tenants: no tenant {tenant!r}"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks the read API: the name of the token, and what it may read."""

    name: str
    tenants: tuple[str, ...]

    @property
    def is_operator(self) -> bool:
        """Whether it reads every tenant, and what belongs to none (dead letters)."""
        return self.tenants == (EVERY_TENANT,)

    def may_read(self, tenant: str | None) -> bool:
        """Whether it reads what belongs to a tenant; None: to nobody."""
        return self.is_operator or tenant in self.tenants

    @property
    def only_tenant(self) -> str | None:
        """The tenant it reads when it reads one alone: meant by requests that name none."""
        return self.tenants[0] if len(self.tenants) == 1 and not self.is_operator else None


class Readers:
    """Everybody with a token."""

    def __init__(self, file: TokensFile) -> None:
        self._by_digest = [
            (bytes.fromhex(entry.sha256), Reader(name, entry.tenants))
            for name, entry in file.tokens.items()
        ]

    def __len__(self) -> int:
        return len(self._by_digest)

    def known_by(self, token: str) -> Reader | None:
        """Return whose token this is; None: nobody's. Every digest is compared, whole."""
        presented = _digest(token)
        found = None
        for digest, reader in self._by_digest:
            if hmac.compare_digest(digest, presented):
                found = reader
        return found


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token, shown once to whoever will use it, and its entry for the tokens file."""

    token: str
    entry: str  # TOML


def new_token(name: str, tenants: Sequence[str] = (EVERY_TENANT,)) -> NewToken:
    """Make a token that reads `tenants`.

    Raises:
        ValidationError: a name has another form.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    return NewToken(token, entry_for(name, token, tenants))


def entry_for(name: str, token: str, tenants: Sequence[str]) -> str:
    """Write the entry of a token for the tokens file, as TOML.

    Raises:
        ValidationError: a name has another form.
    """
    entry = TokenEntry(sha256=_digest(token).hex(), tenants=tuple(tenants))
    listed = ", ".join(f'"{tenant}"' for tenant in entry.tenants)
    return (
        f'[tokens.{_NAME.validate_python(name)}]\nsha256 = "{entry.sha256}"\ntenants = [{listed}]\n'
    )


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
