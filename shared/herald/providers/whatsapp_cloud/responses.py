"""What Meta's responses mean. Source: Meta, "Cloud API error codes"."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Receipts
from herald.contracts.work import Work
from herald.http.response import HttpResponse
from herald.providers.lenient_json import MAX_REFERENCE
from herald.providers.rendered import RenderedWhatsApp
from herald.providers.responses import asked_wait, unexplained
from herald.providers.sending import Accepted, NotSent, Refused, SendResult
from herald.providers.whatsapp_cloud.errors import (
    OF_MESSAGE,
    OPTED_OUT_OF,
    OUTSIDE_WINDOW,
    PAUSES,
    classify,
    throttled_scope,
)

Part = dict[str, Any]


def read_response(response: HttpResponse, work: Work, content: RenderedWhatsApp) -> SendResult:
    """Read what became of a message: Meta's error code decides, not the HTTP status."""
    refused, document = read_error(response), response.document()
    if refused is not None:
        return refused
    if content.read_receipt is not None and document.get("success") is True:
        # Meta has no id of it, and reports nothing later
        return Accepted((f"read:{work.attempt_id}",), receipts=Receipts.NONE)
    reference = _message_id(document)
    if response.status == HTTPStatus.OK and reference is not None:
        # Meta, "Reaction messages": `sent` is all that is reported
        receipts = Receipts.SENT if content.reaction is not None else None
        return Accepted((reference,), {"messages": document["messages"]}, receipts)
    return unexplained(response)


def read_upload(response: HttpResponse) -> str | Refused | NotSent:
    """Return the id of a file that Meta holds now, or why it does not: no message was sent."""
    refused = read_error(response)
    if refused is not None:
        return refused
    found = response.document().get("id")
    if response.status == HTTPStatus.OK and isinstance(found, str) and found:
        return found
    result = unexplained(response)
    if isinstance(result, Refused | NotSent):
        return result
    return not_uploaded(f"http_{response.status}")


def not_uploaded(code: str) -> Refused:
    """Say that a file may have been taken or not: the message that needs it was not sent."""
    return Refused(Failure.of(FailureClass.TRANSIENT, f"upload_{code}"))


def read_error(response: HttpResponse) -> Refused | None:
    """Read an error of Meta's own, None where the response has none."""
    error = response.document().get("error")
    if not isinstance(error, dict) or not isinstance(error.get("code"), int):
        return None
    return Refused(
        _failure(error, response),
        element={"error": _without_prose(error)},
        of_message=error["code"] in OF_MESSAGE,
        scope=throttled_scope(error["code"], response.status),
        outside_window=error["code"] in OUTSIDE_WINDOW,
    )


def _failure(error: Part, response: HttpResponse) -> Failure:
    code: int = error["code"]
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    return Failure.of(
        classify(code, response.status),
        code,
        str(details or error.get("message") or ""),
        retry_after=asked_wait(response, PAUSES.get(code)),
        opted_out_of=OPTED_OUT_OF.get(code),
    )


def _without_prose(error: Part) -> Part:
    """Keep what identifies an error; its prose may repeat an address."""
    return {name: error[name] for name in ("code", "type", "fbtrace_id") if name in error}


def _message_id(document: Part) -> str | None:
    messages = document.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    reference = first.get("id") if isinstance(first, dict) else None
    fits = isinstance(reference, str) and 0 < len(reference) <= MAX_REFERENCE
    return reference if fits else None
