"""What an error of Postmark's means, by its `ErrorCode`.

Source: Postmark, "API error codes".
"""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope

_TOO_MANY = 429
_SERVER_ERROR = 500

FAILURE_CLASSES: dict[int, FailureClass] = {
    10: FailureClass.AUTH,  # the token is bad or missing
    100: FailureClass.TRANSIENT,  # maintenance
    300: FailureClass.PERMANENT,  # a field of the request
    400: FailureClass.AUTH,  # nobody has registered the sender
    401: FailureClass.AUTH,  # nobody has confirmed the sender
    402: FailureClass.PERMANENT,  # not JSON
    403: FailureClass.PERMANENT,  # JSON of another shape
    405: FailureClass.AUTH,  # may not send: the credits are used up
    406: FailureClass.UNREACHABLE,  # bounced, complained or suppressed before: it does not say
    409: FailureClass.PERMANENT,  # not declared as JSON
    410: FailureClass.PERMANENT,  # too many mails in one call
    411: FailureClass.CONTENT,  # a file of a forbidden type
    412: FailureClass.AUTH,  # the account is not approved yet
    413: FailureClass.AUTH,  # the account may not send
    429: FailureClass.RATE_LIMITED,
    1101: FailureClass.PERMANENT,  # no such template
}

# what is throttled
SCOPES: dict[int, Scope] = {
    429: Scope.ACCOUNT,
}

# of these: other senders of the account may be confirmed
OF_SENDER = frozenset({400, 401})

# a bounce's `Type`, for the reason
BOUNCE_CLASSES: dict[str, FailureClass] = {
    "HardBounce": FailureClass.UNREACHABLE,
    "SoftBounce": FailureClass.UNREACHABLE,  # a full or disabled mailbox, and given up
    "VirusNotification": FailureClass.PERMANENT,
    "Transient": FailureClass.TRANSIENT,
    "DnsError": FailureClass.TRANSIENT,
    "OpenRelayTest": FailureClass.TRANSIENT,
    "BadEmailAddress": FailureClass.UNREACHABLE,
    "ManuallyDeactivated": FailureClass.UNREACHABLE,
    "Blocked": FailureClass.PERMANENT,  # for what it is or who sent it
    "DMARCPolicy": FailureClass.PERMANENT,
    "Unconfirmed": FailureClass.PERMANENT,
    "SMTPApiError": FailureClass.PERMANENT,
    "TemplateRenderingFailed": FailureClass.PERMANENT,
}

# of these: the address takes nothing any more, Postmark says
GONE = frozenset({"HardBounce", "BadEmailAddress"})


def classify(code: int, http_status: int = 0) -> FailureClass:
    """Return the class of an error; an unknown code goes by the HTTP status."""
    if code in FAILURE_CLASSES:
        return FAILURE_CLASSES[code]
    if http_status == _TOO_MANY:
        return FailureClass.RATE_LIMITED
    return FailureClass.TRANSIENT if http_status >= _SERVER_ERROR else FailureClass.PERMANENT
