"""Why a TLS connection did not come about, in words that say what to do."""

from __future__ import annotations

import ssl
from collections.abc import Iterator


def tls_problem(failed: BaseException, *, wants_tls: bool = True) -> str | None:
    """Explain an error of TLS, or one that such an error caused; None: it is none.

    `wants_tls`: the connection was to be one. Then a server that hangs up during the handshake
    most likely wants a certificate of ours.
    """
    hung_up = False
    for error in _chain(failed):
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {error.verify_message}"
        if isinstance(error, ssl.SSLError):
            return f"TLS failed: {_words(error)}"
        hung_up = hung_up or isinstance(error, (ConnectionResetError, BrokenPipeError))
    if hung_up and wants_tls:
        return "it hung up during the TLS handshake: does it want a certificate of ours?"
    return None


def _chain(failed: BaseException) -> Iterator[BaseException]:
    """Go through an error and its causes; libraries make rings of them."""
    seen: set[int] = set()
    error: BaseException | None = failed
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _words(error: ssl.SSLError) -> str:
    reason = (error.reason or type(error).__name__).lower().replace("_", " ")
    if "certificate required" in reason or "unknown ca" in reason:
        return f"{reason}: it takes no certificate of ours, or wants one"
    return reason
