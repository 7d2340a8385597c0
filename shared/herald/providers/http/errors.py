"""What a profile's error map says of an error. Pure."""

from __future__ import annotations

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope
from herald.providers.http.sending_rules import ErrorRules

_UNAUTHORIZED, _TOO_MANY_REQUESTS, _SERVER_ERROR = 401, 429, 500


def known_class(
    rules: ErrorRules, code: str | None, text: str | None, http_status: int | None = None
) -> FailureClass | None:
    """Return the class of an error that the map has; by its words, its code, its HTTP status."""
    words = (text or "").lower()
    for phrase, failure_class in rules.by_text.items():
        if phrase in words:
            return failure_class
    if code is not None and code in rules.by_code:
        return rules.by_code[code]
    return rules.by_http.get(str(http_status))


def class_of(
    rules: ErrorRules, code: str | None, text: str | None, http_status: int | None = None
) -> FailureClass:
    """Return the class of an error; of one that the map lacks, by its HTTP status alone."""
    known = known_class(rules, code, text, http_status)
    if known is not None:
        return known
    if http_status == _TOO_MANY_REQUESTS:
        return FailureClass.RATE_LIMITED
    if http_status == _UNAUTHORIZED:
        return FailureClass.AUTH
    if (http_status or 0) >= _SERVER_ERROR:
        return FailureClass.TRANSIENT
    return FailureClass.PERMANENT


def throttled_scope(rules: ErrorRules, code: str | None, http_status: int | None) -> Scope | None:
    """Return what the platform throttles with an error that is rate limited."""
    for name in (code, str(http_status)):
        if name is not None and name in rules.scope_of:
            return rules.scope_of[name]
    is_known = code is not None and code in rules.by_code
    return Scope.ACCOUNT if http_status == _TOO_MANY_REQUESTS and not is_known else None


def is_gone(rules: ErrorRules, code: str | None, text: str | None) -> bool:
    """Say whether an error means that the address takes nothing any more."""
    words = (text or "").lower()
    return any(mark == code or mark.lower() in words for mark in rules.gone)
