"""Why a file can't be fetched, by class. Pure: no text of it holds a URL, which may hold tokens."""

from __future__ import annotations

from herald.contracts.content.file_rules import TOO_LARGE, WRONG_TYPE
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass

FETCHED = "fetched"  # of no failure, as metrics have it
PRIVATE_ADDRESS = "media_private_address"
URL_REFUSED = "media_url"
REDIRECTS = "media_redirects"
ENCODING = "media_encoding"
EMPTY = "media_empty"
TIMEOUT = "media_timeout"
DNS = "media_dns"
CONNECT = "media_connect"
TLS = "media_tls"
CUT = "media_cut"
HTTP = "media_http"  # with the status behind it

# Content: another try would find the same.
OF_CONTENT = {
    TOO_LARGE: "larger than what may be fetched or sent",
    WRONG_TYPE: "not what it is called: its bytes are of another type",
    PRIVATE_ADDRESS: "its address is not public",
    URL_REFUSED: "its link leads where none may lead: scheme, port, host or login",
    REDIRECTS: "redirected too often, or to nowhere",
    ENCODING: "its server packs it in a way that was not asked for",
    EMPTY: "it has no bytes",
}
# Transient: another try may not.
OF_THE_WAY = {
    TIMEOUT: "it did not come in time, or there was no memory for it",
    DNS: "its host has no address",
    CONNECT: "its server can't be reached",
    TLS: "no TLS with its server",
    CUT: "its server broke off",
}
# RFC 9110 and RFC 6585: request timeout, too early, too many requests; and what servers fail at
_MAY_PASS = frozenset({408, 425, 429})
_OF_SERVERS = 500

# every code that there is, without a status
CODES = (*OF_CONTENT, *OF_THE_WAY, HTTP)


class FetchError(Exception):
    """A file can't be fetched; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


def because(code: str, what: str = "") -> FetchError:
    """Say that a file can't be fetched, for one of the reasons above; `what` says more of it."""
    is_content = code in OF_CONTENT
    text = (OF_CONTENT if is_content else OF_THE_WAY)[code]
    failure_class = FailureClass.CONTENT if is_content else FailureClass.TRANSIENT
    return FetchError(Failure.of(failure_class, code, f"a file: {what or text}"))


def status_refused(status: int) -> FetchError:
    """Say that a server gave no file but a status."""
    may_pass = status >= _OF_SERVERS or status in _MAY_PASS
    failure_class = FailureClass.TRANSIENT if may_pass else FailureClass.CONTENT
    return FetchError(
        Failure.of(failure_class, f"{HTTP}_{status}", f"a file: its server said {status}")
    )


def reason_of(failure: Failure) -> str:
    """Return the code of a failure as metrics have it: without a status."""
    return HTTP if failure.code.startswith(HTTP) else failure.code
