"""What a response of a profile's provider means. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.http.response import HttpResponse
from herald.providers.http.errors import class_of, is_gone, known_class, throttled_scope
from herald.providers.http.expressions import as_text
from herald.providers.http.profile import Profile
from herald.providers.lenient_json import MAX_REFERENCE
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import Accepted, Refused, SendResult, Uncertain

MAX_REFERENCES = 20
_SUCCESS = range(200, 300)
_SERVER_ERROR = 500
_LONGEST_WAIT = timedelta(days=1)

Document = dict[str, Any]


def read_response(profile: Profile, response: HttpResponse) -> SendResult:
    """Read a response. An error that the profile has words for says that nothing was taken."""
    rules = profile.response
    document: Document = {
        "status": response.status,
        "body": response.json(),
        "headers": {name.lower(): value for name, value in response.headers.items()},
    }
    references = references_of(rules.id.find(document))
    is_success = response.status in _SUCCESS
    said_yes = rules.accepted is None or rules.accepted.find(document) is True
    if is_success and said_yes and references:
        return Accepted(references, element=_kept(profile, document))
    return _refusal(profile, response, document, is_success=is_success)


def references_of(found: Any) -> tuple[str, ...]:
    """Read the ids of a message: one, or a list of several."""
    several = found if isinstance(found, list) else [found]
    texts = (as_text(each) for each in several[:MAX_REFERENCES])
    return tuple(
        dict.fromkeys(text for text in texts if text is not None and len(text) <= MAX_REFERENCE)
    )


def _refusal(
    profile: Profile, response: HttpResponse, document: Document, *, is_success: bool
) -> SendResult:
    rules, errors = profile.response, profile.errors
    code = rules.code.text(document) if rules.code is not None else None
    text = rules.text.text(document) if rules.text is not None else None
    is_said = code is not None or text is not None
    speaks = rules.code is not None or rules.text is not None
    known = known_class(errors, code, text, None if is_success else response.status)
    is_unread = speaks and not is_said  # not in the provider's own form: somebody else's, perhaps
    if is_unread or (known is None and (is_success or response.status >= _SERVER_ERROR)):
        return unexplained(response)
    failure_class = known or class_of(errors, code, text, response.status)
    if failure_class is FailureClass.AMBIGUOUS:
        return Uncertain(code or f"http_{response.status}")
    is_limited = failure_class is FailureClass.RATE_LIMITED
    failure = Failure.of(
        failure_class,
        code or f"http_{response.status}",
        text or "",
        retry_after=_wait(profile, response, document),
        address_gone=is_gone(errors, code, text),
    )
    return Refused(
        failure,
        element=_kept(profile, document) or {"code": code, "status": response.status},
        of_message=code is not None and code in errors.of_message,
        scope=throttled_scope(errors, code, response.status) if is_limited else None,
    )


def _wait(profile: Profile, response: HttpResponse, document: Document) -> timedelta | None:
    path = profile.response.retry_after
    seconds = path.find(document) if path is not None else None
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0:
        return min(timedelta(seconds=min(seconds, 10**6)), _LONGEST_WAIT)
    return asked_wait(response)


def _kept(profile: Profile, document: Document) -> dict[str, Any]:
    """Keep what identifies a message; the rest of a response may repeat text and numbers."""
    body = document["body"]
    if not isinstance(body, dict):
        return {}
    return {name: body[name] for name in profile.response.keep if name in body}
