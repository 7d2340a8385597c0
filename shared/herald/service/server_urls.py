"""URLs of servers, checked before anything connects.

They may hold a password, so no message repeats them: `place_of` names the server alone.
"""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

AMQP = ("amqp", "amqps")
POSTGRES = ("postgresql", "postgres")
HTTP = ("http", "https")
_DEFAULT_PORTS = {
    "amqp": 5672,
    "amqps": 5671,
    "postgresql": 5432,
    "postgres": 5432,
    "http": 80,
    "https": 443,
}
_HIGHEST_PORT = 65_535
# of a broker's URL, after `?`: its authority, our certificate and key (PEM files), and that the
# certificate says who we are. What would switch verification off is not among them.
_FILES = ("cafile", "certfile", "keyfile")
_PARAMETERS = frozenset({*_FILES, "auth", "heartbeat", "name"})


def check_url(url: str, schemes: tuple[str, ...]) -> str:
    """Return a server's URL if it can be one.

    Raises:
        ValueError: it has another scheme, or an address that nobody could connect to.
    """
    if not url.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"must start with {schemes[0]}://")
    try:
        _split(url)
    except ValueError:
        raise ValueError(
            "its host or port is not understood (in a password, @ : / # ? % are percent-encoded)"
        ) from None
    if schemes is AMQP:
        _check_broker_parameters(url)
    return url


def broker_files(url: str) -> dict[str, str]:
    """Return the files that a broker's URL names, by parameter."""
    given = parse_qs(urlsplit(url).query)
    return {name: given[name][-1] for name in _FILES if name in given}


def _check_broker_parameters(url: str) -> None:
    """Refuse what is no parameter; it may be a piece of a password and is not repeated."""
    parts = urlsplit(url)
    given = parse_qs(parts.query, keep_blank_values=True)
    if not given.keys() <= _PARAMETERS:
        raise ValueError(f"after ? it may have {', '.join(sorted(_PARAMETERS))} and nothing else")
    if given.keys() & {*_FILES, "auth"} and parts.scheme != "amqps":
        raise ValueError("cafile, certfile, keyfile and auth need amqps://")
    if "auth" in given and given["auth"] != ["EXTERNAL"]:
        raise ValueError("auth can only be EXTERNAL: the certificate says who it is")
    if "auth" in given and "certfile" not in given:
        raise ValueError("auth=EXTERNAL needs certfile")


def place_of(url: str) -> str:
    """Name a server without its credentials: `host:port/path`."""
    try:
        scheme, places, path = _split(url)
    except ValueError:
        return "an address that is no URL"
    port = _DEFAULT_PORTS.get(scheme, "?")
    named = [place if _port(place) else f"{place or 'localhost'}:{port}" for place in places]
    return ",".join(named) + path


def broker_user(url: str) -> str | None:
    """Return the user that a broker's URL connects as; None: a client certificate says it."""
    parts = urlsplit(url)
    by_certificate = parse_qs(parts.query).get("auth", [""])[-1].upper() == "EXTERNAL"
    return None if by_certificate else unquote(parts.username or "guest")


def _split(url: str) -> tuple[str, list[str], str]:
    """Return scheme, hosts (each with its port if it is given; PostgreSQL takes several), and path.

    Raises:
        ValueError: it can't be a server's; what looks like a host may be the start of a password.
    """
    parts = urlsplit(url)
    places = parts.netloc.rpartition("@")[2].split(",")
    if "@" in parts.path + parts.query + parts.fragment or not all(map(_is_place, places)):
        raise ValueError
    return parts.scheme, places, parts.path


def _port(place: str) -> str:
    host, colon, port = place.rpartition(":")
    return "" if not colon or "]" in port or (":" in host and not host.endswith("]")) else port


def _is_place(place: str) -> bool:
    port = _port(place)
    if not port:
        return ":" not in place or place.endswith("]")  # an IPv6 address stands in brackets
    return port.isascii() and port.isdigit() and 0 < int(port) <= _HIGHEST_PORT
