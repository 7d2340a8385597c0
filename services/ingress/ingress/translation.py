"""From an authentic request to the messages that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import structlog

from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.receipt_messages import receipt_message
from herald.providers.json_bodies import BeyondLimitsError, NotJsonError
from herald.providers.lenient_json import NotUnderstoodError, Reason
from herald.providers.webhook_endpoints import Normalised, NotUnderstood
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.webhook_responses import WebhookResponse
from ingress.endpoints import Target
from ingress.quarantine import quarantine_message

_log = structlog.get_logger(__name__)


class Translation(NamedTuple):
    """What one request holds, as messages, each fact once, for providers repeat themselves.

    Of the rest only numbers are kept: thousands of receipts take their time to be freed, too.
    """

    messages: list[OutgoingMessage]
    response: WebhookResponse
    receipts: Mapping[str, int]  # by kind
    not_understood: Mapping[Reason, int]
    ignored: int


def translate(
    found: Normalised, target: Target, account: str, request: WebhookRequest
) -> Translation:
    """Write what was found in a request to `account` as messages."""
    messages: dict[str, OutgoingMessage] = {}
    receipts: dict[str, int] = {}
    for receipt in found.receipts:
        message = receipt_message(receipt)
        messages[message.message_id] = message
        receipts[receipt.kind] = receipts.get(receipt.kind, 0) + 1
    items = found.not_understood
    if found.left_out:
        items = [*items, NotUnderstood(Reason.LEFT_OUT, found.left_out_of(request.body))]
    for item in items:
        message = quarantine_message(
            item, provider=target.provider, account=account, received_at=request.received_at
        )
        messages[message.message_id] = message
    return Translation(
        messages=list(messages.values()),
        response=found.response,
        receipts=receipts,
        not_understood=found.reasons() if items else {},
        ignored=found.ignored,
    )


def normalised(target: Target, request: WebhookRequest) -> Normalised:
    """Read an authentic request; a body of which nothing can be read goes to quarantine whole.

    Raises:
        NotJsonError: it breaks the grammar of its content type.
    """
    try:
        return target.endpoint.normalise(request)
    except NotJsonError:
        raise
    except NotUnderstoodError as error:
        reason = error.reason
    except BeyondLimitsError:
        reason = Reason.BEYOND_LIMITS
    except Exception as error:  # noqa: BLE001  a defect of ours must not lose the body
        _log.error("ingress.normalise_failed", provider=target.provider, error=type(error).__name__)
        reason = Reason.UNEXPECTED
    found = Normalised()
    found.set_aside(reason, request.body.decode(errors="replace"))
    return found
