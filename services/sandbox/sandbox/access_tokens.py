"""Access and refresh tokens that say themselves what they are, signed: a restart voids none."""

from __future__ import annotations

import base64
import hmac
import time
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says."""

    kind: str  # `access` or `refresh`
    user: str
    ends_at: float
    number: str  # tells one from another


class AccessTokens:
    """Makes and reads tokens; Microsoft's are longer than a line of SMTP: some are padded."""

    def __init__(self) -> None:
        self._key = b""
        self._void_before = 0.0

    @property
    def is_used(self) -> bool:
        """Whether there is an endpoint that makes any."""
        return bool(self._key)

    def use(self, key: bytes) -> None:
        """Sign with this key from now on."""
        self._key = key

    def make(self, kind: str, user: str, seconds: float, length: int = 0) -> str:
        """Make a token that is valid for so long."""
        made_at = time.time()
        parts = (kind, user, f"{made_at:.6f}", f"{made_at + seconds:.6f}", uuid.uuid4().hex)
        said = base64.urlsafe_b64encode("\n".join(parts).encode()).decode().rstrip("=")
        token = f"{said}.{self._sign(said)}"
        return token + "." + "A" * max(0, length - len(token) - 1)

    def read(self, token: str) -> Claims | None:
        """Return what a valid token says, None for any other."""
        said, _, rest = token.partition(".")
        if not self._key or not hmac.compare_digest(self._sign(said), rest.partition(".")[0]):
            return None
        padded = said + "=" * (-len(said) % 4)
        kind, user, made_at, ends_at, number = base64.urlsafe_b64decode(padded).decode().split("\n")
        is_void = kind == "access" and float(made_at) < self._void_before
        if is_void or float(ends_at) <= time.time():
            return None
        return Claims(kind, user, float(ends_at), number)

    def void(self) -> None:
        """Refuse every access token made before now."""
        self._void_before = time.time()

    def _sign(self, said: str) -> str:
        return hmac.new(self._key, said.encode(), "sha256").hexdigest()
