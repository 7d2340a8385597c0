"""What an error of Mailgun's own means, and why its events say that a mail did not arrive.

Source: Mailgun, "Responses" and "Tracking failures".
"""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope

_SERVER_ERROR = 500

# by HTTP status
FAILURE_CLASSES: dict[int, FailureClass] = {
    400: FailureClass.PERMANENT,
    401: FailureClass.AUTH,
    402: FailureClass.AUTH,  # the plan is used up
    403: FailureClass.AUTH,
    404: FailureClass.AUTH,  # no such domain, or it is in the other region
    413: FailureClass.CONTENT,
    429: FailureClass.RATE_LIMITED,
}

# what is throttled
SCOPES: dict[int, Scope] = {
    429: Scope.ACCOUNT,
}

# by the `reason` of a `failed` event
FAILURE_REASONS: dict[str, FailureClass] = {
    "bounce": FailureClass.UNREACHABLE,
    "suppress-bounce": FailureClass.UNREACHABLE,  # it bounced before, and was not sent
    "suppress-complaint": FailureClass.OPTED_OUT,
    "suppress-unsubscribe": FailureClass.OPTED_OUT,
    "old": FailureClass.UNREACHABLE,  # tried for too long
    "espblock": FailureClass.PERMANENT,  # refused for what it is or who sent it
    "generic": FailureClass.PERMANENT,
}

# Of these the address takes nothing any more, unless the reply says otherwise.
GONE = frozenset({"bounce", "suppress-bounce"})


def classify(http_status: int) -> FailureClass:
    """Return the class of an error; an unknown status is transient from 500 on."""
    unknown = FailureClass.TRANSIENT if http_status >= _SERVER_ERROR else FailureClass.PERMANENT
    return FAILURE_CLASSES.get(http_status, unknown)
