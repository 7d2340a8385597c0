"""Statuses as a profile reads them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.http.errors import is_gone, known_class
from herald.providers.http.expressions import Expression, as_text
from herald.providers.http.profile import Profile
from herald.providers.http.responses import references_of
from herald.providers.http.times import time_of
from herald.providers.http.webhook_rules import StatusRules
from herald.providers.lenient_json import (
    NotForHeraldError,
    NotUnderstoodError,
    Reason,
    carried,
    event_key,
    kept,
)
from herald.providers.webhook_requests import WebhookRequest

Document = Mapping[str, Any]


def status_receipt(
    profile: Profile,
    rules: StatusRules,
    request: WebhookRequest,
    document: Document,
    *,
    account: str,
    channel: str,
    ignores_foreign: bool,
) -> AttemptReport:
    """Read a status of a message."""
    assert profile.webhooks is not None, "it came by a webhook"
    ours = carried(_text(rules.attempt, document))
    if ours.attempt_id is None and ignores_foreign and rules.attempt is not None:
        raise NotForHeraldError
    references = references_of(rules.references.find(document))
    if not references and ours.attempt_id is None:
        raise NotUnderstoodError(Reason.NO_REFERENCE)
    word, code = rules.word.text(document) or "", _text(rules.code, document)
    status = rules.by_word.get(word, Status.OTHER)
    at = rules.time.find(document) if rules.time is not None else None
    more = (as_text(path.find(document)) or "" for path in rules.key)
    return AttemptReport(
        source="webhook",
        channel=channel,
        provider=profile.name,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=references,
        status=status,
        event_key=event_key(word, code or "", *more),
        failure=_failure(profile, rules, document, word, code) if _is_failure(status) else None,
        occurred_at=time_of(at, profile.webhooks.time_form),
        received_at=request.received_at,
        element=_element(rules, document, word, code, len(request.body)),
    )


def _is_failure(status: Status) -> bool:
    return status in {Status.FAILED, Status.BOUNCED}


def _failure(
    profile: Profile, rules: StatusRules, document: Document, word: str, code: str | None
) -> Failure:
    text, errors = _text(rules.text, document), profile.errors
    known = known_class(errors, code, text) or errors.by_word.get(word)
    failure_class = known or FailureClass.PERMANENT
    gone = is_gone(errors, code, text)
    return Failure.of(failure_class, code or word, text or "", address_gone=gone)


def _element(
    rules: StatusRules, document: Document, word: str, code: str | None, body_bytes: int
) -> Any:
    event = document["event"]
    fields = {}
    if isinstance(event, dict):
        fields = {name: event[name] for name in rules.keep if name in event}
    return kept(fields or {"word": word, "code": code}, body_bytes)


def _text(path: Expression | None, document: Document) -> str | None:
    return None if path is None else path.text(document)
