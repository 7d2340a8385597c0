"""Whether a call to AWS is signed (Signature Version 4).

Source: AWS, "Create a signed AWS API request".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from starlette.requests import Request

from sandbox.providers.ses_topics import SesUser

LATEST = timedelta(minutes=5)  # a call whose time is further away is refused
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8}/[^/]+/ses/aws4_request), ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


def is_signed(request: Request, body: bytes, user: SesUser) -> bool:
    """Say whether an account made this call: every header that it names is as it was."""
    given = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if given is None or given[1] != user.access_key_id.get_secret_value():
        return False
    scope, names, stamp = given[2], given[3].split(";"), request.headers.get("x-amz-date", "")
    day, region, service, ending = scope.split("/")
    if region != user.region or not _is_now(stamp, day) or not {"host", "x-amz-date"} <= {*names}:
        return False
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    canonical = (
        f"{request.method}\n{quote(request.url.path)}\n{request.url.query}\n{headers}\n"
        f"{given[3]}\n{hashlib.sha256(body).hexdigest()}"
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = ("AWS4" + user.secret_access_key.get_secret_value()).encode()
    for part in (day, region, service, ending):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    return hmac.compare_digest(hmac.digest(key, text.encode(), "sha256").hex(), given[4])


def _is_now(stamp: str, day: str) -> bool:
    try:
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return stamp.startswith(day) and abs(datetime.now(UTC) - at) < LATEST
