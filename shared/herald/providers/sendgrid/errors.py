"""What an error of SendGrid's own means, by HTTP status.

Source: SendGrid, "Errors".
"""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope

SENDER_FIELD = "from"  # of an error: an address that the account has not verified
_SERVER_ERROR = 500

FAILURE_CLASSES: dict[int, FailureClass] = {
    400: FailureClass.PERMANENT,
    401: FailureClass.AUTH,
    403: FailureClass.AUTH,  # or a temporary block after too many bad requests
    406: FailureClass.PERMANENT,
    413: FailureClass.CONTENT,
    429: FailureClass.RATE_LIMITED,
    451: FailureClass.PERMANENT,
}

# what is throttled
SCOPES: dict[int, Scope] = {
    429: Scope.ACCOUNT,
}

# why an event says that a message was dropped
DROP_REASONS: dict[str, FailureClass] = {
    "bounced address": FailureClass.UNREACHABLE,
    "invalid": FailureClass.UNREACHABLE,  # the address
    "unsubscribed address": FailureClass.OPTED_OUT,
    "spam reporting address": FailureClass.OPTED_OUT,
    "recipient list over package quota": FailureClass.AUTH,  # the plan's credits are used up
}

# of these: the address takes nothing any more, SendGrid says
GONE = frozenset({"bounced address", "invalid"})


def classify(http_status: int) -> FailureClass:
    """Return the class of an error; an unknown status is transient from 500 on."""
    unknown = FailureClass.TRANSIENT if http_status >= _SERVER_ERROR else FailureClass.PERMANENT
    return FAILURE_CLASSES.get(http_status, unknown)
