"""What providers report that is no receipt: recipients' messages, news about accounts. Pure."""

from __future__ import annotations

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.addresses import sender_kind
from herald.contracts.events import (
    INBOUND_TYPE,
    AccountData,
    AccountEvent,
    InboundData,
    InboundEvent,
    event_type,
    inbound_id_of,
    inbound_subject,
)
from herald.contracts.identifiers import AttemptId, event_id_for
from herald.contracts.receipts import AccountReceipt, InboundReceipt
from herald.contracts.topology import account_event_key, inbound_event_key
from herald.contracts.trace_context import TraceContext
from router.outgoing.events import event_message

ACCOUNT_TYPE = event_type("account", "updated")
# fields that an event takes from its receipt as they are
_INBOUND_FIELDS = (InboundData.model_fields.keys() & InboundReceipt.model_fields.keys()) - {
    *("in_reply_to", "sender_kind", "occurred_at"),
}
_ACCOUNT_FIELDS = (AccountData.model_fields.keys() & AccountReceipt.model_fields.keys()) - {
    "occurred_at"
}


def inbound_event_id(receipt: InboundReceipt) -> str:
    """Name the event of a recipient's message: the same however often the provider reports it."""
    return inbound_id_of(receipt.provider, receipt.account, receipt.reference)


def inbound_event(
    receipt: InboundReceipt,
    tenant: str,
    answered: AttemptId | None,
    trace: TraceContext | None = None,
    *,
    latest: str | None = None,
    raw: bool = False,
) -> OutgoingMessage:
    """Say what a recipient sent; with `raw` also in the provider's own form.

    `answered`: the attempt of ours that they quote; `latest`: the latest message to them, where
    they quote none.
    """
    occurred_at = receipt.occurred_at or receipt.received_at
    data = InboundData(
        **{name: getattr(receipt, name) for name in _INBOUND_FIELDS},
        tenant=tenant,
        provider_message_id=receipt.reference,
        sender_kind=receipt.sender_kind or sender_kind(receipt.sender),
        in_reply_to=None if answered is None else str(answered.message_id),
        attempt_id=None if answered is None else str(answered),
        latest_message_id=latest,
        answers=receipt.in_reply_to,
        occurred_at=occurred_at,
        raw=receipt.element if raw else None,
    )
    event = InboundEvent(
        id=inbound_event_id(receipt),
        type=INBOUND_TYPE,
        subject=inbound_subject(receipt.provider, receipt.account, receipt.reference),
        time=occurred_at,
        data=data,
    )
    return event_message(event, inbound_event_key(receipt.channel, tenant), None, trace)


def account_event(
    receipt: AccountReceipt, tenant: str, trace: TraceContext | None = None
) -> OutgoingMessage:
    """Say to one of an account's tenants what is new about it."""
    occurred_at = receipt.occurred_at or receipt.received_at
    data = AccountData(
        **{name: getattr(receipt, name) for name in _ACCOUNT_FIELDS},
        tenant=tenant,
        occurred_at=occurred_at,
        raw=receipt.element,
    )
    subject = f"{receipt.provider}/{receipt.account}"
    event = AccountEvent(
        id=event_id_for(subject, ACCOUNT_TYPE, f"{tenant}/{receipt.event_key}"),
        type=ACCOUNT_TYPE,
        subject=subject,
        time=occurred_at,
        data=data,
    )
    return event_message(event, account_event_key("updated", tenant), None, trace)
