"""The statuses that Twilio calls back with. Twilio: "Outbound message status in callbacks"."""

from __future__ import annotations

from collections.abc import Mapping

from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.lenient_json import (
    NotForHeraldError,
    NotUnderstoodError,
    Reason,
    carried,
    event_key,
    kept_fields,
    text,
    whole_number,
)
from herald.providers.twilio.errors import OUTSIDE_WINDOW, classify
from herald.providers.twilio.messages import NAME, Fields, message_id, network_of, of_channel
from herald.providers.webhook_requests import WebhookRequest

ATTEMPT_FIELD = "attempt"  # in the query of the StatusCallback URL that our calls give

STATUSES: dict[str, Status] = {
    "accepted": Status.ACCEPTED,  # waiting for its Messaging Service to choose a sender
    "scheduled": Status.ACCEPTED,
    "queued": Status.ACCEPTED,
    "sending": Status.ACCEPTED,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,  # RCS and WhatsApp only
    "undelivered": Status.FAILED,  # the carrier's word
    "failed": Status.FAILED,  # Twilio's own: it never left
    "canceled": Status.FAILED,
    "partially_delivered": Status.OTHER,
}
KEPT = frozenset(  # of a status, for the history
    {
        *("MessageSid", "SmsSid", "SmsMessageSid", "AccountSid", "MessagingServiceSid"),
        *("MessageStatus", "SmsStatus", "ErrorCode", "RawDlrDoneDate", "ApiVersion"),
        *("ChannelPrefix", "ChannelInstallSid", "EventType"),  # not of an SMS
    }
)

# a failure that came without a code
UNEXPLAINED: dict[str, FailureClass] = {
    "undelivered": FailureClass.UNREACHABLE,
    "failed": FailureClass.PERMANENT,
    "canceled": FailureClass.PERMANENT,
}


def status_receipt(
    accounts: Mapping[str, str],
    ignoring: frozenset[str],
    request: WebhookRequest,
    fields: Fields,
    word: str,
) -> AttemptReport:
    """Read a status; `accounts` are those of its SID, by channel.

    `ignoring` names accounts that drop statuses of others' messages. A status that names an attempt
    is ours whatever network it went over: a Messaging Service may send an SMS as RCS.
    """
    ours = carried(request.query_value(ATTEMPT_FIELD))
    channel, account = of_channel(accounts, network_of(fields))
    if account is None:
        channel, account = next(iter(accounts.items()))
        if ours.attempt_id is None:
            raise _foreign(account in ignoring)
    code = text(fields, "ErrorCode") or ""
    status = STATUSES.get(word, Status.OTHER)
    return AttemptReport(
        source="webhook",
        channel=channel,
        provider=NAME,
        account=account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=(message_id(fields),),
        status=status,
        event_key=event_key(word, code),
        failure=_failure(fields, word, code) if status is Status.FAILED else None,
        outside_window=whole_number(code) in OUTSIDE_WINDOW,
        received_at=request.received_at,  # Twilio gives no time of the event
        element=kept_fields(fields, KEPT, len(request.body)),
    )


def _foreign(is_ignored: bool) -> Exception:
    return NotForHeraldError() if is_ignored else NotUnderstoodError(Reason.OTHER_CHANNEL)


def _failure(fields: Fields, word: str, code: str) -> Failure:
    number = whole_number(code) or 0  # the field may be absent, empty, or 0
    failure_class = classify(number) if number else UNEXPLAINED[word]
    words = text(fields, "ErrorMessage") or text(fields, "ChannelStatusMessage") or ""
    return Failure.of(failure_class, number or word, words)
