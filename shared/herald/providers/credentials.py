"""An account's secrets, which may be read again while a process runs, and its access token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, Protocol, TypeVar

from pydantic import SecretStr

from herald.providers.account import Secrets

SecretsT = TypeVar("SecretsT", bound=Secrets)


class CredentialsError(Exception):
    """The secrets could not be read again; the text says why and shows none."""


class NoTokenError(Exception):
    """An account has no access token now; `code` says why.

    `is_refused`: the provider's answer was no, and asking again gives the same until a person acts.
    `wait`: how long it takes at least, where that is known.
    """

    def __init__(
        self, code: str, *, is_refused: bool = False, wait: timedelta | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.is_refused = is_refused
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Token:
    """An access token; `version` counts those that its session has had."""

    value: SecretStr
    version: int


class Session(Protocol):
    """Where an account's access token comes from, kept for all workers together."""

    async def token(self) -> Token:
        """Return a token that can be used now.

        Raises:
            NoTokenError: there is none.
        """
        ...

    async def renewed(self, refused: Token) -> Token:
        """Return another token than one that the provider has just refused.

        Raises:
            NoTokenError: there is none.
        """
        ...

    def values(self) -> tuple[str, ...]:
        """Give its tokens in clear, so that they can be looked for where they must not be."""
        ...


class Credentials(Generic[SecretsT]):
    """The secrets of one account. What asks for `current` each time sees a rotation."""

    def __init__(self, current: SecretsT, read: Callable[[], SecretsT]) -> None:
        self._current = current
        self._values = current.values()  # looked for in each response
        self._read = read
        self.session: Session | None = None  # of an account that calls with an access token

    @property
    def current(self) -> SecretsT:
        """The secrets as they were read last."""
        return self._current

    async def refresh(self) -> SecretsT:
        """Read the secrets file again; what it holds is `current` from then on.

        Raises:
            CredentialsError: it can't be used; `current` stays as it is.
        """
        self._current = await asyncio.to_thread(self._read)
        self._values = self._current.values()
        return self._current

    async def token(self) -> Token:
        """Return an access token that can be used now.

        Raises:
            NoTokenError: there is none.
        """
        return await self._session_or_none().token()

    async def renewed(self, refused: Token) -> Token:
        """Return another access token than one that the provider has just refused.

        Raises:
            NoTokenError: there is none.
        """
        return await self._session_or_none().renewed(refused)

    def values(self) -> tuple[str, ...]:
        """Give all that is secret in clear, so that it can be hidden where it must not be."""
        return self._values if self.session is None else self._values + self.session.values()

    def _session_or_none(self) -> Session:
        if self.session is None:
            raise NoTokenError("session_missing")
        return self.session
