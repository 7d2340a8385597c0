"""Who may read: the Host header is checked, then the bearer token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from herald.config.file import DEFAULT_TENANT
from herald.config.loading import Configuration
from herald.contracts.read_tokens import Reader
from herald.contracts.text import NOT_STORABLE, is_storable
from herald.database.pool import OUTAGES
from router.metrics import READS_REFUSED
from router.read_api.hosts import allowed_hosts, host_name
from router.read_api.readers import LOOK_SECONDS, CurrentReaders, TokensUnusableError

# Answers a reader's request, and checks that the reader may read what it asks for.
ReadHandler = Callable[[Request, Reader], Awaitable[Response]]

RETRY_LATER = {"Retry-After": "5"}  # seconds
_CHALLENGE = 'Bearer realm="herald"'
# RFC 6750, section 3.1: for a token that is not known, and not where none was sent
_BAD_TOKEN = f'{_CHALLENGE}, error="invalid_token"'


class ReadAccess:
    """Serves requests that have a known token and are made to a known host name."""

    def __init__(
        self, configuration: Configuration, listens_on: str, *, look_seconds: float = LOOK_SECONDS
    ) -> None:
        """Read the tokens; `listens_on` is the host of the operations listener.

        Raises:
            ConfigurationError: the tokens file can't be used.
        """
        self._readers = CurrentReaders(configuration, look_seconds)
        self._hosts = allowed_hosts(listens_on, configuration.file.read_api.hosts)

    def route(self, path: str, handler: ReadHandler, methods: tuple[str, ...] = ("GET",)) -> Route:
        """Build a route whose handler is given the reader; 503 while the database is away."""

        async def endpoint(request: Request) -> Response:
            reader = await self._reader_of(request)
            if isinstance(reader, Response):
                return reader
            try:
                return await handler(request, reader)
            except OUTAGES:
                return read_error(503, "database away", RETRY_LATER)

        return Route(path, endpoint, methods=methods)

    async def _reader_of(self, request: Request) -> Reader | Response:
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) not in self._hosts:
            return _refuse_host()
        if not self._readers.are_configured:
            return _unauthorized(
                "not_configured", "no tokens are configured: [read_api] tokens_file"
            )
        token = _token_of(request)
        if token is None:
            return _unauthorized("no_token", "a bearer token is needed")
        try:
            reader = (await self._readers.now()).known_by(token)
        except TokensUnusableError:
            READS_REFUSED.labels("unusable").inc()
            return read_error(503, "the tokens file can't be used", RETRY_LATER)
        return reader or _unauthorized("unknown_token", "this token is not known", _BAD_TOKEN)


def tenant_asked_for(request: Request, reader: Reader) -> str:
    """Return the tenant that a request names; else its reader's only one, or the default.

    Raises:
        ValueError: the database can't hold what it names.
    """
    named = request.query_params.get("tenant", "")
    check_parameter("tenant", named)
    return named or reader.only_tenant or DEFAULT_TENANT


def check_parameter(name: str, value: str) -> None:
    """Check that the database can hold a parameter's text.

    Raises:
        ValueError: it can't.
    """
    if not is_storable(value):
        raise ValueError(f"{name}: {NOT_STORABLE}")


def refuse_tenant(tenant: str) -> Response:
    """Refuse a tenant that the reader may not read."""
    READS_REFUSED.labels("other_tenant").inc()
    return read_error(403, f"this token may not read tenant {tenant}")


def read_error(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    """Make an error response."""
    return JSONResponse({"error": text}, status_code=status, headers=headers)


def _unauthorized(reason: str, text: str, challenge: str = _CHALLENGE) -> Response:
    READS_REFUSED.labels(reason).inc()
    return read_error(401, text, {"WWW-Authenticate": challenge})


def _refuse_host() -> Response:
    READS_REFUSED.labels("other_host").inc()
    text = "This name is not the router's. Those it answers to are in [read_api] hosts.\n"
    return PlainTextResponse(text, status_code=421)


def _token_of(request: Request) -> str | None:
    """Return the one bearer token of a request (RFC 6750, section 2.1)."""
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token.strip() or None if scheme.lower() == "bearer" else None
