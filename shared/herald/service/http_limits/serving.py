"""The limits as uvicorn is given them."""

from __future__ import annotations

from typing import Literal

import structlog
from starlette.types import ASGIApp

from herald.service.http_limits.admission import OPERATIONS_CONNECTIONS, Admission, most_connections
from herald.service.http_limits.protocol import LimitedProtocol
from herald.service.http_limits.whole_requests import TakesWhole, WholeRequestsProtocol

# a uvicorn setting: where the loop is made
LOOP = "herald.service.http_limits.listening:Loop"

_log = structlog.get_logger(__name__)


def limited_protocol(
    listener: Literal["operations", "public"], application: ASGIApp | None = None
) -> type[LimitedProtocol]:
    """Make the protocol of one listener, and say in the log how many connections it holds.

    The operations listener has places of its own, so that nobody can hide how the service is.
    `application`: whom it calls, who may take whole requests.
    """
    admission = Admission(
        OPERATIONS_CONNECTIONS if listener == "operations" else most_connections()
    )
    _log.info("http.limits", listener=listener, connections=admission.bound)
    own: dict[str, object] = {"admission": admission}
    if isinstance(application, TakesWhole):
        return type(
            "LimitedProtocol", (WholeRequestsProtocol,), {**own, "application": application}
        )
    return type("LimitedProtocol", (LimitedProtocol,), own)
