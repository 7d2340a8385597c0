"""The one switch for TLS: with an authority's file named, no connection to a server goes without.

It covers RabbitMQ, its management interface and PostgreSQL. Providers are verified by the system's
authorities, whatever is set here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

from herald.service.server_urls import AMQP, POSTGRES

VARIABLE = "HERALD_TLS_CA_FILE"  # a PEM file with the authorities that are trusted
_VERIFIED = "verify-full"


def encrypted(url: str, schemes: tuple[str, ...], environment: Mapping[str, str]) -> str:
    """Return a server's URL with what the switch adds to it; without the switch, as it is.

    A URL that names an authority of its own keeps it.

    Raises:
        ValueError: the URL says that it shall not be TLS, or the file can't be used.
    """
    authority = environment.get(VARIABLE)
    if not authority:
        return url
    _check_file(Path(authority))
    if schemes == POSTGRES:
        return _database(url, authority)
    scheme = "amqps" if schemes == AMQP else "https"
    if not url.startswith(f"{scheme}://"):
        raise ValueError(f"must start with {scheme}://, for {VARIABLE} is set")
    return _with(url, cafile=authority)


def _database(url: str, authority: str) -> str:
    mode = parse_qs(urlsplit(url).query).get("sslmode", [_VERIFIED])[-1]
    if mode != _VERIFIED:
        raise ValueError(f"sslmode can only be {_VERIFIED}, for {VARIABLE} is set")
    return _with(url, sslmode=_VERIFIED, sslrootcert=authority)


def _with(url: str, **parameters: str) -> str:
    """Add those parameters that the URL does not have."""
    parts = urlsplit(url)
    given = parse_qs(parts.query, keep_blank_values=True)
    new = (f"{name}={quote(value)}" for name, value in parameters.items() if name not in given)
    query = "&".join(filter(None, (parts.query, *new)))
    return parts._replace(query=query).geturl()


def _check_file(file: Path) -> None:
    try:
        is_pem = "BEGIN CERTIFICATE" in file.read_text(errors="replace")
    except OSError as error:
        raise ValueError(f"{VARIABLE}: {error.strerror}: {file}") from None
    if not is_pem:
        raise ValueError(f"{VARIABLE}: no certificate in PEM form: {file}")
