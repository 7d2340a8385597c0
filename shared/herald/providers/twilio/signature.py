"""How Twilio signs its webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence

from herald.providers.signatures import any_equal

DEFAULT_OVERRIDES = "rc=5&rp=all"  # after the # of a callback's URL: signed, and in no request
_DEFAULT_PORTS = {"http": "80", "https": "443"}

Fields = Sequence[tuple[str, str]]  # decoded; latin-1, one character for each byte sent


def is_twilio_signature(
    header: bytes | None, url: str, fields: Fields, secrets: Iterable[bytes]
) -> bool:
    """Check `X-Twilio-Signature`: base64 HMAC-SHA1 of the URL and the form's fields.

    Twilio: "Webhooks security". `url` is the public one, query included, as Twilio called it;
    `fields` is empty for GET and for JSON bodies, which `is_twilio_body_hash` checks.
    """
    if header is None:
        return False
    try:
        tail = _signed_fields(fields)
        messages = [variant.encode("latin-1") + tail for variant in _port_variants(url)]
    except UnicodeEncodeError:  # not what a request can hold
        return False
    return any_equal(
        header,
        (
            base64.b64encode(hmac.digest(key, message, "sha1"))
            for key in secrets
            if key
            for message in messages
        ),
    )


def is_twilio_body_hash(claimed: str, body: bytes) -> bool:
    """Check the `bodySHA256` of a signed URL's query: lower-case hex SHA-256 of the raw body.

    It is the only thing that binds a JSON body to the signature.
    """
    expected = hashlib.sha256(body).hexdigest().encode()
    return hmac.compare_digest(expected, claimed.encode("utf-8", "surrogatepass"))


def _signed_fields(fields: Fields) -> bytes:
    """Join fields as Twilio does: sorted by name, a repeated name's distinct values sorted."""
    return "".join(name + value for name, value in sorted(set(fields))).encode("latin-1")


def _port_variants(url: str) -> list[str]:
    """Return the URL as given, without its port, and with the scheme's own.

    Twilio signs sometimes one, sometimes the other, whatever was called.
    """
    scheme, _, rest = url.partition("://")
    end = min((i for i in map(rest.find, "/?#") if i >= 0), default=len(rest))
    authority, target = rest[:end], rest[end:]
    host, colon, port = authority.rpartition(":")
    if not (colon and port.isdigit()):  # an IPv6 address has colons and no port
        host, port = authority, _DEFAULT_PORTS.get(scheme, "")
    with_port = f"{host}:{port}" if port else host
    places = dict.fromkeys((authority, host, with_port))
    return [f"{scheme}://{place}{target}" for place in places]
