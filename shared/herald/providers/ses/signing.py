"""How a call to AWS is signed (Signature Version 4). Pure.

Source: AWS, "Create a signed AWS API request"; its published test suite.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"
_TERMINATOR = "aws4_request"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}  # a client leaves them out of `Host`


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Who signs; temporary keys come with a session token."""

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCall:
    """A call without a query, before it is signed."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def signed_headers(
    call: AwsCall, keys: Keys, *, region: str, service: str, now: datetime
) -> dict[str, str]:
    """Return the headers of a call with those that sign it; `Host` is as a client writes it."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {**call.headers, "X-Amz-Date": stamp}
    if keys.session_token is not None:
        headers["X-Amz-Security-Token"] = keys.session_token
    url = urlsplit(call.url)
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed["host"] = url.netloc.lower().removesuffix(_DEFAULT_PORTS.get(url.scheme, ""))
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        (
            call.method,
            quote(url.path or "/", safe="/-_.~"),
            "",  # the query
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            hashlib.sha256(call.body).hexdigest(),
        )
    )
    scope = f"{stamp[:8]}/{region}/{service}/{_TERMINATOR}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = signing_key(keys.secret_access_key, stamp[:8], region, service)
    signature = hmac.digest(
        key, f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}".encode(), "sha256"
    ).hex()
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={keys.access_key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    return headers


def signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """Derive the key that signs calls of one day to one service."""
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, _TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
