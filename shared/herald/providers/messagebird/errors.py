"""Error codes of MessageBird's API. Source: MessageBird, "API errors".

Reports have other codes: `report_errors`.
"""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope

UNREACHABLE = FailureClass.UNREACHABLE
PERMANENT = FailureClass.PERMANENT
TRANSIENT = FailureClass.TRANSIENT
RATE_LIMITED = FailureClass.RATE_LIMITED
AUTH = FailureClass.AUTH

_BY_STATUS = {401: AUTH, 402: AUTH, 403: AUTH, 429: RATE_LIMITED}
_SERVER_ERROR = 500

FAILURE_CLASSES: dict[int, FailureClass] = {
    2: AUTH,  # wrong access key, or one without the right
    9: PERMANENT,  # a parameter is missing; of the recipient: see RECIPIENT
    10: PERMANENT,  # a parameter is invalid; likewise
    20: PERMANENT,  # not found
    21: PERMANENT,  # bad request
    25: AUTH,  # no credit
    98: TRANSIENT,  # API not found
    99: TRANSIENT,  # internal error
}

SCOPES: dict[int, Scope] = {}  # no code says so: HTTP 429 throttles the account
# `parameter` of an error that lies in whom it is for: no (correct) recipients
RECIPIENT = frozenset({"recipient", "recipients"})


def classify(
    code: int, http_status: int | None = None, parameter: str | None = None
) -> FailureClass:
    """Return the class of an error; an unknown code is judged by the HTTP status."""
    known = FAILURE_CLASSES.get(code)
    if known is PERMANENT and parameter in RECIPIENT:
        return UNREACHABLE
    known = known or _BY_STATUS.get(http_status or 0)
    if known is not None:
        return known
    return TRANSIENT if (http_status or 0) >= _SERVER_ERROR else PERMANENT
