"""An account's secrets, which may be read again while a process runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from herald.providers.account import Secrets

SecretsT = TypeVar("SecretsT", bound=Secrets)


class CredentialsError(Exception):
    """The secrets could not be read again; the text says why and shows none."""


class Credentials(Generic[SecretsT]):
    """The secrets of one account. What asks for `current` each time sees a rotation."""

    def __init__(self, current: SecretsT, read: Callable[[], SecretsT]) -> None:
        self._current = current
        self._read = read

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
        return self._current
