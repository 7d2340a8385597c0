"""From an authentic call to the frames that tell of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import structlog

from herald.bus.outgoing_messages import OutgoingMessage
from herald.bus.receipt_messages import receipt_message
from herald.providers.json_bodies import BeyondLimitsError, NotJsonError
from herald.providers.lenient_json import NotUnderstoodError, Reason
from herald.providers.webhook_endpoints import Normalised, NotUnderstood
from herald.providers.webhook_requests import Call
from herald.providers.webhook_responses import Answer
from ingress.endpoints import Target
from ingress.outgoing_messages import quarantine_frame

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one call told, as frames, each fact once, for providers repeat themselves; and counted.

    No more is kept of it: thousands of receipts take their time to be freed, too.
    """

    frames: list[OutgoingMessage]
    answer: Answer
    receipts: Counter[str]  # by kind
    not_understood: Counter[Reason]
    ignored: int


def read_call(target: Target, account: str, call: Call) -> Reading:
    """Read an authentic call to `account`.

    Raises:
        NotJsonError: it breaks the grammar of its content type.
    """
    told = _normalised(target, call)
    frames = [receipt_message(receipt) for receipt in told.receipts]
    items = told.not_understood
    if told.left_out:
        items = [*items, NotUnderstood(Reason.LEFT_OUT, told.left_out_of(call.body))]
    frames += [
        quarantine_frame(item, provider=target.name, account=account, received_at=call.received_at)
        for item in items
    ]
    return Reading(
        frames=list({frame.message_id: frame for frame in frames}.values()),
        answer=told.answer,
        receipts=Counter(receipt.kind for receipt in told.receipts),
        not_understood=told.reasons(),
        ignored=told.ignored,
    )


def _normalised(target: Target, call: Call) -> Normalised:
    """Read a call; a body of which nothing can be read goes to quarantine whole."""
    try:
        return target.endpoint.normalise(call)
    except NotJsonError:
        raise
    except NotUnderstoodError as error:
        reason = error.reason
    except BeyondLimitsError:
        reason = Reason.BEYOND_LIMITS
    except Exception as error:  # noqa: BLE001  a defect of ours must not lose the body
        _log.error("ingress.normalise_failed", provider=target.name, error=type(error).__name__)
        reason = Reason.UNEXPECTED
    told = Normalised()
    told.set_aside(reason, call.body.decode(errors="replace"))
    return told
