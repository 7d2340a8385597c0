"""What an error of Resend's own means, by its name.

Source: Resend, "Errors".
"""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope

_SERVER_ERROR = 500

FAILURE_CLASSES: dict[str, FailureClass] = {
    "missing_api_key": FailureClass.AUTH,
    "restricted_api_key": FailureClass.AUTH,
    "invalid_api_key": FailureClass.AUTH,
    "invalid_access": FailureClass.AUTH,
    "invalid_from_address": FailureClass.AUTH,  # or a domain that is not verified
    "validation_error": FailureClass.PERMANENT,
    "missing_required_field": FailureClass.PERMANENT,
    "invalid_parameter": FailureClass.PERMANENT,
    "invalid_region": FailureClass.PERMANENT,
    "invalid_attachment": FailureClass.CONTENT,
    "not_found": FailureClass.PERMANENT,
    "method_not_allowed": FailureClass.PERMANENT,
    "invalid_idempotency_key": FailureClass.PERMANENT,
    "invalid_idempotent_request": FailureClass.AMBIGUOUS,  # another mail went under this key
    "concurrent_idempotent_requests": FailureClass.AMBIGUOUS,  # the same call is still under way
    "rate_limit_exceeded": FailureClass.RATE_LIMITED,
    "daily_quota_exceeded": FailureClass.RATE_LIMITED,
    "monthly_quota_exceeded": FailureClass.RATE_LIMITED,
    "security_error": FailureClass.PERMANENT,
    "application_error": FailureClass.TRANSIENT,
    "internal_server_error": FailureClass.TRANSIENT,
}

# what is throttled; a quota is not
SCOPES: dict[str, Scope] = {
    "rate_limit_exceeded": Scope.ACCOUNT,
}

OF_SENDER = frozenset({"invalid_from_address"})  # says nothing of the account's other calls

# by the `type` of a bounce
BOUNCE_CLASSES: dict[str, FailureClass] = {
    "Permanent": FailureClass.UNREACHABLE,
    "Transient": FailureClass.TRANSIENT,
    "Temporary": FailureClass.TRANSIENT,
    "Undetermined": FailureClass.PERMANENT,
}


def classify(name: str, http_status: int) -> FailureClass:
    """Return the class of an error; an unknown one is transient from 500 on."""
    unknown = FailureClass.TRANSIENT if http_status >= _SERVER_ERROR else FailureClass.PERMANENT
    return FAILURE_CLASSES.get(name, unknown)
