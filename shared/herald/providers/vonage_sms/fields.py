"""Where Vonage's SMS API puts the fields of a webhook: as its settings say, in one of three places.

Vonage: "API settings, HTTP method": the query of a GET, a form, or a JSON body.
"""

from __future__ import annotations

from collections.abc import Mapping

from herald.contracts.text import storable
from herald.providers.json_bodies import read_json
from herald.providers.lenient_json import NotUnderstoodError, Reason, mapping, text
from herald.providers.webhook_requests import WebhookRequest, as_text

NAME = "vonage_sms"
CHANNEL = "sms"
PROOF_FIELD = "token"  # in the query of a webhook's URL: ours, not Vonage's

Fields = Mapping[str, str]


def sent_fields(request: WebhookRequest) -> list[tuple[str, str]]:
    """Return the fields as they were sent; of a GET without our own.

    Raises:
        NotJsonError, BeyondLimitsError: the body is no JSON, or too much of it.
        NotUnderstoodError: too many fields, or one that no signature could cover.
    """
    if request.method == "GET":
        return [field for field in _decoded(request) if field[0] != PROOF_FIELD]
    if request.body.lstrip().startswith(b"{"):
        found = mapping(read_json(request.body))
        return [(name, _as_signed(found, name)) for name in found]
    return _decoded(request)


def fields_of(request: WebhookRequest) -> Fields:
    """Return what is to be read and kept: all but the proof of who sent it."""
    fields: dict[str, str] = {}
    for name, value in sent_fields(request):
        if name not in {"sig", "nonce"}:
            fields.setdefault(name, value)
    clean: Fields = storable(fields)
    return clean


def _decoded(request: WebhookRequest) -> list[tuple[str, str]]:
    try:
        encoded = request.query_fields if request.method == "GET" else request.form_fields
    except ValueError:  # more than anyone sends
        raise NotUnderstoodError(Reason.BEYOND_LIMITS) from None
    return [(as_text(name), as_text(value)) for name, value in encoded]


def _as_signed(found: Mapping[str, object], name: str) -> str:
    """Return a field of a JSON body as text; numbers are signed as their digits."""
    if found[name] is None or found[name] == "":
        return ""
    written = text(found, name)
    if written is None:
        raise NotUnderstoodError(Reason.SHAPE)
    return written
