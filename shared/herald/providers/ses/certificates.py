"""The certificates that SNS signs with: fetched once, kept, and never fetched endlessly.

Whoever asks has seen to it that the URL is SNS's own and the topic an allowed one. Even so a caller
who knows a topic could name certificates without end: what is not there is remembered, and only so
many are fetched in a minute.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from herald.providers.webhook_endpoints import UnverifiableError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import Certificate

MAX_KEPT = 16
MAX_FETCHES = 10  # in a minute
MINUTE = 60.0
KEPT_SECONDS = 24 * 3600.0
ABSENT_SECONDS = 600.0
AWAY_SECONDS = 10.0  # SNS tries again after 20
SMALLEST_KEY = 2048  # bits


class FetchError(Exception):
    """Nothing was answered; the text says why."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was answered; of a body that is too large the beginning."""

    status: int
    body: bytes


Fetch = Callable[[str], Awaitable[Fetched]]


@dataclass(frozen=True, slots=True)
class _Known:
    until: float  # monotonic
    certificate: Certificate | None = None  # None: there is none that can be used
    problem: str = ""  # why it could not be fetched


class Certificates:
    """The keys of certificates, by URL."""

    def __init__(
        self,
        fetch: Fetch,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._now = now
        self._good: OrderedDict[str, _Known] = OrderedDict()
        self._bad: OrderedDict[str, _Known] = OrderedDict()
        self._fetches: deque[float] = deque(maxlen=MAX_FETCHES)
        self._lock = asyncio.Lock()

    async def key_of(self, url: str) -> RSAPublicKey | None:
        """Return the key of a certificate, None where there is none that can be used now.

        Raises:
            UnverifiableError: it could not be fetched.
        """
        known = self._known(url)
        if known is None:
            async with self._lock:  # one at a time: the others may want the same
                known = self._known(url) or await self._learn(url)
        if known.problem:
            raise UnverifiableError(known.problem)
        return self._usable(known.certificate)

    def _known(self, url: str) -> _Known | None:
        now = self._monotonic()
        for kept in (self._good, self._bad):
            known = kept.get(url)
            if known is not None and now < known.until:
                return known
        return None

    async def _learn(self, url: str) -> _Known:
        now = self._monotonic()
        if len(self._fetches) == MAX_FETCHES and now - self._fetches[0] < MINUTE:
            return _Known(now, problem="too many certificates are asked for")
        self._fetches.append(now)
        try:
            fetched = await self._fetch(url)
        except FetchError as error:
            return self._keep(url, _Known(now + AWAY_SECONDS, problem=f"certificate: {error}"))
        if fetched.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            problem = f"certificate: http_{fetched.status}"
            return self._keep(url, _Known(now + AWAY_SECONDS, problem=problem))
        certificate = _read(fetched.body) if fetched.status == HTTPStatus.OK else None
        seconds = ABSENT_SECONDS if certificate is None else KEPT_SECONDS
        return self._keep(url, _Known(now + seconds, certificate))

    def _keep(self, url: str, known: _Known) -> _Known:
        kept = self._bad if known.certificate is None else self._good
        kept[url] = known
        while len(kept) > MAX_KEPT:
            kept.popitem(last=False)
        return known

    def _usable(self, certificate: Certificate | None) -> RSAPublicKey | None:
        if certificate is None:
            return None
        is_valid = (
            certificate.not_valid_before_utc <= self._now() <= certificate.not_valid_after_utc
        )
        return _key(certificate) if is_valid else None


def _read(body: bytes) -> Certificate | None:
    from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415  few have accounts at SES

    try:
        certificate = load_pem_x509_certificate(body)
        key = _key(certificate)
    except Exception:  # noqa: BLE001  whatever is wrong with it, it is none
        return None
    return certificate if key is not None and key.key_size >= SMALLEST_KEY else None


def _key(certificate: Certificate) -> RSAPublicKey | None:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415  likewise

    key = certificate.public_key()
    return key if isinstance(key, RSAPublicKey) else None
