"""What an HTTP response proves that is not in the provider's own form."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.http.response import HttpResponse
from herald.http.response_times import retry_after
from herald.providers.budgets import Scope
from herald.providers.sending import NotSent, Refused, SendResult, Uncertain

# RFC 9110 and 8470: the server did not read the request, or not yet; it may be made again
_NOT_READ = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})


def unexplained(response: HttpResponse) -> SendResult:
    """Only a 4xx, or a 503 that says when to come back, was surely not taken.

    Every other 5xx, and a success that can't be read, may have been.
    """
    code = f"http_{response.status}"
    wait = asked_wait(response)
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        failure = Failure.of(FailureClass.RATE_LIMITED, code, retry_after=wait)
        return Refused(failure, scope=Scope.ACCOUNT)
    says_when = retry_after(response.headers) is not None
    if response.status == HTTPStatus.SERVICE_UNAVAILABLE and says_when:
        return NotSent(code, wait)
    if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Refused(Failure.of(FailureClass.AUTH, code))
    if response.status in _NOT_READ:
        return Refused(Failure.of(FailureClass.TRANSIENT, code, retry_after=wait))
    if HTTPStatus.BAD_REQUEST <= response.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Refused(Failure.of(FailureClass.PERMANENT, code))
    return Uncertain(code)


def asked_wait(response: HttpResponse, otherwise: timedelta | None = None) -> timedelta | None:
    """Return how long the provider asks to wait; `otherwise`: what is documented of its error."""
    return retry_after(response.headers) or otherwise  # an asked zero is no wait to report
