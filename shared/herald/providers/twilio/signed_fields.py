"""Where Twilio puts the fields of a webhook, and what its signature covers of them."""

from __future__ import annotations

import re

from herald.contracts.text import storable
from herald.providers.json_bodies import BeyondLimitsError, NotJsonError, read_json
from herald.providers.lenient_json import NotUnderstoodError, Reason, carried, mapping
from herald.providers.twilio.messages import Fields
from herald.providers.twilio.signature import is_twilio_body_hash
from herald.providers.twilio.statuses import ATTEMPT_FIELD
from herald.providers.webhook_requests import WebhookRequest, as_text

BODY_HASH_FIELD = "bodySHA256"  # in the query of a URL; Twilio adds it when the body is JSON

_NAME = re.compile(r"[A-Z][A-Za-z0-9_]*")  # of a field: all of Twilio's, none of ours in a URL
_FORM, _JSON = b"application/x-www-form-urlencoded", b"application/json"


def is_as_twilio_calls(request: WebhookRequest) -> bool:
    """Say whether fields are where Twilio puts them: a GET's in its query, a POST's in its body.

    The signature covers the URL and a form's fields behind it, but not where the one ends: a signed
    form could be sent again as a GET with its fields in the query, or a GET as a form.
    """
    names = {name for name, _ in request.query_fields}
    tags = [value for name, value in request.query_fields if name == ATTEMPT_FIELD]
    if any(carried(tag).attempt_id is None for tag in tags):
        return False  # fields behind it
    if request.method == "GET":
        return all(_NAME.fullmatch(name) for name in names - {ATTEMPT_FIELD})
    if request.query.endswith(b"&") or any(_NAME.fullmatch(name) for name in names):
        return False  # a GET, cut in two
    kind = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    claimed = request.query_value(BODY_HASH_FIELD)
    if claimed is not None:
        return kind == _JSON and is_twilio_body_hash(claimed, request.body)
    return kind == _FORM and all(_NAME.fullmatch(name) for name, _ in request.form_fields)


def is_form(request: WebhookRequest) -> bool:
    """Say whether the body is a form, whose fields are signed."""
    return request.method == "POST" and request.query_value(BODY_HASH_FIELD) is None


def fields_of(request: WebhookRequest) -> Fields:
    """Read the fields, wherever they are: a JSON body, the query of a GET, or a form.

    Raises:
        NotJsonError, BeyondLimitsError, NotUnderstoodError: none of it can be read.
    """
    try:
        if request.query_value(BODY_HASH_FIELD) is not None:
            return mapping(read_json(request.body))
        encoded = request.query_fields if request.method == "GET" else request.form_fields
    except (NotJsonError, BeyondLimitsError):
        raise
    except ValueError:  # more fields than anyone sends
        raise NotUnderstoodError(Reason.BEYOND_LIMITS) from None
    fields: dict[str, str] = {}
    for name, value in encoded:
        fields.setdefault(as_text(name), as_text(value))
    clean: dict[str, str] = storable(fields)
    return clean
