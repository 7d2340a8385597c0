"""A server's URL in the environment, and its password in a file beside it.

So the URL may stand in plain configuration, and the password in a mounted secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from herald.service.secret_files import SecretFileError, read_secret_file
from herald.service.server_urls import AMQP, HTTP, POSTGRES, check_url
from herald.service.tls_switch import encrypted

BROKER = "HERALD_AMQP_URL"
DATABASE = "HERALD_POSTGRES_DSN"
MANAGEMENT = "HERALD_RABBITMQ_MANAGEMENT_URL"
PASSWORD_FILES = {
    BROKER: "HERALD_AMQP_PASSWORD_FILE",
    DATABASE: "HERALD_POSTGRES_PASSWORD_FILE",
    MANAGEMENT: "HERALD_RABBITMQ_MANAGEMENT_PASSWORD_FILE",
}
_SCHEMES = {BROKER: AMQP, DATABASE: POSTGRES, MANAGEMENT: HTTP}


class ServerVariableError(Exception):
    """A variable is missing or wrong; the text begins with its name and holds no password."""


def read_server_url(name: str, environment: Mapping[str, str]) -> str:
    """Return the URL of a server, with the password of its file if there is one, over TLS if asked.

    `name`: BROKER, DATABASE or MANAGEMENT.

    Raises:
        ServerVariableError: it is not set, can be no URL of such a server, or its password's file
            can't be used.
    """
    written = environment.get(name)
    if not written:
        raise ServerVariableError(f"{name}: not set")
    schemes = _SCHEMES[name]
    try:
        url = encrypted(check_url(written, schemes), schemes, environment)
    except ValueError as error:
        raise ServerVariableError(f"{name}: {error}") from None
    file = environment.get(PASSWORD_FILES[name])
    if not file:
        return url
    try:
        return with_password(url, _password_in(Path(file)))
    except (SecretFileError, ValueError) as error:
        raise ServerVariableError(f"{PASSWORD_FILES[name]}: {error}") from None


def with_password(url: str, password: str) -> str:
    """Return a URL that names a user with that user's password, percent-encoded.

    Raises:
        ValueError: it names no user, or has a password already.
    """
    scheme, _, rest = url.partition("://")
    user, at, server = rest.partition("@")
    if not user or not at:
        raise ValueError("the URL names no user that the password could be of")
    if ":" in user:
        raise ValueError("the URL has a password already")
    return f"{scheme}://{user}:{quote(password, safe='')}@{server}"


def _password_in(path: Path) -> str:
    """Return what a file holds, but for the end of its line."""
    try:
        password = read_secret_file(path).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text") from None
    if not password:
        raise ValueError(f"{path}: empty")
    return password
