"""The tokens of the read API: their file is read again when it has changed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import structlog

from herald.config.loading import Configuration, ConfigurationError
from herald.config.read_tokens_file import load_read_tokens, read_again
from herald.contracts.read_tokens import Readers

LOOK_SECONDS = 2.0  # how long a token that was taken out of the file may still read

_log = structlog.get_logger(__name__)

# Of a file: it changes with what is in it, with who may read it, and with a replacement.
_State = tuple[int, int, int, int] | None


class TokensUnusableError(Exception):
    """The tokens file was changed and can't be used: nobody reads until it is mended."""


class CurrentReaders:
    """The readers of the tokens file."""

    def __init__(self, configuration: Configuration, look_seconds: float) -> None:
        """Read the file; `look_seconds`: how far behind it the readers may be.

        Raises:
            ConfigurationError: it can't be used.
        """
        self._configuration = configuration
        self._look_seconds = look_seconds
        name = configuration.file.read_api.tokens_file
        self._path = configuration.path.parent / name if name is not None else None
        self._state = _state_of(self._path)
        self._looked = time.monotonic()
        tokens = load_read_tokens(configuration)
        self._readers: Readers | None = None if tokens is None else Readers(tokens)

    @property
    def are_configured(self) -> bool:
        """Whether there is a tokens file at all."""
        return self._path is not None

    async def now(self) -> Readers:
        """Return the readers.

        Raises:
            TokensUnusableError: the file that was changed can't be used.
        """
        if time.monotonic() - self._looked >= self._look_seconds:
            self._looked = time.monotonic()
            await asyncio.to_thread(self._look)
        if self._readers is None:
            raise TokensUnusableError
        return self._readers

    def _look(self) -> None:
        state = _state_of(self._path)  # before it is read: a change meanwhile is seen next time
        if state == self._state:
            return
        self._state = state
        try:
            self._readers = Readers(read_again(self._configuration))
        except ConfigurationError as error:
            self._readers = None
            _log.error("read_api.tokens_unusable", problems=error.problems)
        else:
            _log.info("read_api.tokens_read", readers=len(self._readers))


def _state_of(path: Path | None) -> _State:
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return None
    return found and (found.st_ino, found.st_ctime_ns, found.st_mtime_ns, found.st_size)
