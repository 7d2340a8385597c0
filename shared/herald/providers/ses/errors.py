"""What an error of Amazon SES means, by its name.

Source: SES API v2, "SendEmail", "Common Errors"; AWS, "Signature Version 4".
"""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope

_FORBIDDEN = 403
_TOO_MANY = 429
_SERVER_ERROR = 500

FAILURE_CLASSES: dict[str, FailureClass] = {
    "TooManyRequestsException": FailureClass.RATE_LIMITED,
    "ThrottlingException": FailureClass.RATE_LIMITED,
    "Throttling": FailureClass.RATE_LIMITED,
    "LimitExceededException": FailureClass.RATE_LIMITED,
    "SendingPausedException": FailureClass.AUTH,
    "AccountSuspendedException": FailureClass.AUTH,
    "MailFromDomainNotVerifiedException": FailureClass.AUTH,
    "AccessDeniedException": FailureClass.AUTH,  # the right ses:SendEmail, or its conditions
    "ExpiredTokenException": FailureClass.AUTH,
    "ExpiredToken": FailureClass.AUTH,
    "IncompleteSignature": FailureClass.AUTH,
    "IncompleteSignatureException": FailureClass.AUTH,
    "InvalidClientTokenId": FailureClass.AUTH,
    "InvalidSignatureException": FailureClass.AUTH,  # also a clock that is five minutes wrong
    "MissingAuthenticationTokenException": FailureClass.AUTH,
    "OptInRequired": FailureClass.AUTH,
    "RequestExpired": FailureClass.AUTH,
    "SignatureDoesNotMatch": FailureClass.AUTH,
    "UnrecognizedClientException": FailureClass.AUTH,
    "MessageRejected": FailureClass.PERMANENT,  # also a sender that is not verified
    "BadRequestException": FailureClass.PERMANENT,
    "NotFoundException": FailureClass.PERMANENT,  # a configuration set or a template
    "ValidationException": FailureClass.PERMANENT,
    "InternalFailure": FailureClass.TRANSIENT,
    "InternalServiceErrorException": FailureClass.TRANSIENT,
    "ServiceUnavailable": FailureClass.TRANSIENT,
    "ServiceUnavailableException": FailureClass.TRANSIENT,
}

# what is throttled
SCOPES: dict[str, Scope] = {
    "TooManyRequestsException": Scope.ACCOUNT,  # but for the quota of a day
    "ThrottlingException": Scope.ACCOUNT,
    "Throttling": Scope.ACCOUNT,
}

# of these: other senders of the account may be verified
OF_SENDER = frozenset({"MailFromDomainNotVerifiedException"})

# of its words, whatever the name: SES refuses what comes too fast, and queues nothing
TOO_FAST = "maximum sending rate exceeded"
DAILY = "daily message quota exceeded"

# why a mail came back, by `bounceType` and `bounceSubType`
BOUNCE_CLASSES: dict[tuple[str, str], FailureClass] = {
    ("Permanent", "General"): FailureClass.UNREACHABLE,
    ("Permanent", "NoEmail"): FailureClass.UNREACHABLE,
    ("Permanent", "Suppressed"): FailureClass.UNREACHABLE,  # it bounced for others lately
    ("Permanent", "OnAccountSuppressionList"): FailureClass.UNREACHABLE,  # bounced or complained
    ("Transient", "General"): FailureClass.UNREACHABLE,  # SES has tried for hours
    ("Transient", "MailboxFull"): FailureClass.UNREACHABLE,
    ("Transient", "MessageTooLarge"): FailureClass.PERMANENT,
    ("Transient", "ContentRejected"): FailureClass.PERMANENT,
    ("Transient", "AttachmentRejected"): FailureClass.PERMANENT,
    ("Undetermined", "Undetermined"): FailureClass.UNREACHABLE,
}

# of these: the address takes nothing any more
GONE = frozenset({("Permanent", "General"), ("Permanent", "NoEmail")})


def classify(name: str, message: str = "", http_status: int = 0) -> FailureClass:
    """Return the class of an error; one of an unknown name goes by the HTTP status."""
    if TOO_FAST in message.lower() or DAILY in message.lower():
        return FailureClass.RATE_LIMITED
    if name in FAILURE_CLASSES:
        return FAILURE_CLASSES[name]
    if http_status == _TOO_MANY:
        return FailureClass.RATE_LIMITED
    if http_status == _FORBIDDEN:
        return FailureClass.AUTH
    return FailureClass.TRANSIENT if http_status >= _SERVER_ERROR else FailureClass.PERMANENT


def scope_of(failure_class: FailureClass, name: str, message: str) -> Scope | None:
    """Return what is throttled; None: nothing is, or making fewer calls is no help."""
    if failure_class is not FailureClass.RATE_LIMITED or DAILY in message.lower():
        return None
    if TOO_FAST in message.lower():
        return Scope.ACCOUNT
    return SCOPES.get(name)
