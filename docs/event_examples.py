"""An example of every public event, made by the models themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from herald.contracts.account_updates import TemplateUpdate
from herald.contracts.events import (
    COMPLETED,
    MESSAGE_EVENTS,
    AccountData,
    AnyEvent,
    CommandData,
    Fallback,
    InboundData,
    MessageData,
    RecipientData,
    Waits,
    event_type,
)
from herald.contracts.failures import Failure
from herald.contracts.identifiers import erasure_id_for, event_id_for, message_id_for
from herald.contracts.plans import ChannelPlan, LeftOut, PlannedData, Start, StepPlan
from herald.contracts.prices import Money
from herald.contracts.vocabulary import (
    AccountTopic,
    Category,
    CommandAnswer,
    FailureClass,
    InboundKind,
    Lane,
    MessageStatus,
    Outcome,
    Receipts,
    SuppressionReason,
)

AT = datetime(2026, 3, 2, 9, 30, 0, 250_000, tzinfo=UTC)
MESSAGE_ID = str(message_id_for("default", "order-17"))
ERASURE_ID = str(erasure_id_for("default", "example"))
WHATSAPP: dict[str, Any] = {
    "step": 1,
    "attempt_id": f"{MESSAGE_ID}.1.1",
    "channel": "whatsapp",
    "provider": "whatsapp_cloud",
    "account": "wa-main",
    "provider_message_id": "wamid.HBgLMTU1NTAwMDAwMDE",
}
EMAIL: dict[str, Any] = {
    "step": 1,
    "attempt_id": f"{MESSAGE_ID}.1.1",
    "channel": "email",
    "provider": "sendgrid",
    "account": "sendgrid-main",
    "provider_message_id": "14c5d75ce93",
}
UNREACHABLE = Failure(
    failure_class=FailureClass.UNREACHABLE, code="131026", text="Message undeliverable"
)

# what each event's data has beside the rest
_DIFFERENT: dict[str, dict[str, Any]] = {
    "sent": {**WHATSAPP, "status": MessageStatus.SENT},
    "delivered": {**WHATSAPP, "status": MessageStatus.DELIVERED, "outcome": Outcome.SUCCEEDED},
    "read": {**WHATSAPP, "status": MessageStatus.READ, "outcome": Outcome.SUCCEEDED, "late": True},
    "clicked": {"status": MessageStatus.CLICKED, "outcome": Outcome.SUCCEEDED, "late": True},
    "bounced": {
        "channel": "email",
        "failure": Failure(failure_class=FailureClass.UNREACHABLE, code="550 5.1.1"),
    },
    "complained": {
        **EMAIL,
        "status": MessageStatus.READ,
        "outcome": Outcome.SUCCEEDED,
        "late": True,
    },
    "unsubscribed": {
        **EMAIL,
        "status": MessageStatus.DELIVERED,
        "outcome": Outcome.SUCCEEDED,
        "late": True,
    },
    "deferred": {
        **EMAIL,
        "failure": Failure(
            failure_class=FailureClass.TRANSIENT, code="4.7.0", text="451 try again later"
        ),
    },
    "waiting": {"waits": Waits(channel="sms", reason="quota", until=AT + timedelta(hours=7))},
    "fallback": {
        **WHATSAPP,
        "failure": UNREACHABLE,
        "fallback": Fallback(from_channel="whatsapp", to_channel="sms", reason="unreachable"),
    },
    "failed": {**WHATSAPP, "failure": UNREACHABLE, "outcome": Outcome.FAILED},
    "expired": {"outcome": Outcome.EXPIRED},
    "cancelled": {"outcome": Outcome.CANCELLED},
}
_ENDS = {"delivered", "failed", "expired", "cancelled"}


def _message(what: str, sequence: int) -> AnyEvent:
    values = {"status": MessageStatus.QUEUED, "outcome": None, "late": False} | _DIFFERENT[what]
    data = MessageData(
        message_id=MESSAGE_ID,
        tenant="default",
        terminal=what in _ENDS,
        sequence=sequence,
        occurred_at=AT,
        received_at=AT + timedelta(milliseconds=40),
        idempotency_key="order-17",
        metadata={"order": "17"},
        **values,
    )
    return _event("message", what, data, MESSAGE_ID)


def _answer(answer: CommandAnswer, **values: Any) -> AnyEvent:
    data = CommandData(
        command="message.cancel" if answer is CommandAnswer.TOO_LATE else "message.send",
        tenant="default",
        idempotency_key="order-17",
        **values,
    )
    return _event("command", answer.value, data, MESSAGE_ID)


def _event(family: str, what: str, data: BaseModel, subject: str) -> AnyEvent:
    kind = event_type(family, what)
    identity = event_id_for(subject, kind, "example")
    return AnyEvent(id=identity, type=kind, subject=subject, time=AT, data=data)


_PLANNED = PlannedData(
    message_id=MESSAGE_ID,
    tenant="default",
    idempotency_key="order-17",
    answer=CommandAnswer.ACCEPTED,
    category=Category.TRANSACTIONAL,
    lane=Lane.NORMAL,
    route="default",
    expires_at=AT + timedelta(days=1),
    steps=(
        StepPlan(
            step=1,
            channel="whatsapp",
            start=Start.SKIPPED,
            reason="opted_out",
            failure=Failure(failure_class=FailureClass.OPTED_OUT, code="opted_out"),
            success_on="delivered",
            fallback_after=timedelta(seconds=60),
        ),
        StepPlan(
            step=2,
            channel="sms",
            sender="+15550009999",
            start=Start.NOW,
            success_on="delivered",
            fallback_after=timedelta(seconds=60),
            worker=ChannelPlan(
                call="now",
                provider="twilio",
                account="twilio-main",
                receipts=Receipts.DELIVERED,
                encoding="ucs-2",
                segments=2,
                cost=Money(Decimal("0.0158"), "USD"),
            ),
        ),
    ),
    left_out=(LeftOut(step=3, reason="no address on email"),),
    received_at=AT,
)
_KNOWN = {"message_id": MESSAGE_ID, "status": MessageStatus.QUEUED}
EXAMPLES: dict[str, AnyEvent] = {
    **{what: _message(what, number) for number, what in enumerate(MESSAGE_EVENTS, 1)},
    "planned": _event("message", "planned", _PLANNED, MESSAGE_ID),
    "accepted": _answer(
        CommandAnswer.ACCEPTED,
        **_KNOWN,
        channels=["whatsapp", "sms"],
        expires_at=AT + timedelta(days=1),
    ),
    "duplicate": _answer(CommandAnswer.DUPLICATE, **_KNOWN),
    "rejected": _answer(
        CommandAnswer.REJECTED, field="to.phone", reason="not a possible phone number"
    ),
    "too_late": _answer(
        CommandAnswer.TOO_LATE,
        message_id=MESSAGE_ID,
        status=MessageStatus.DELIVERED,
        outcome=Outcome.SUCCEEDED,
        reason="already succeeded",
    ),
    "completed": _event(
        "command",
        COMPLETED,
        CommandData(
            command="recipient.erase",
            tenant="default",
            erasure_id=ERASURE_ID,
            erased={"messages": 3, "history": 9, "sends": 4, "inbound": 1, "dead_letters": 1},
        ),
        ERASURE_ID,
    ),
    "received": _event(
        "inbound",
        "received",
        InboundData(
            tenant="default",
            channel="whatsapp",
            provider="whatsapp_cloud",
            account="wa-main",
            provider_message_id="wamid.HBgLMTU1NTAwMDAwMDI",
            sender="+15550000001",
            content=InboundKind.TEXT,
            text="Thank you!",
            in_reply_to=MESSAGE_ID,
            occurred_at=AT,
            received_at=AT + timedelta(milliseconds=40),
        ),
        "whatsapp_cloud/wa-main/wamid.HBgLMTU1NTAwMDAwMDI",
    ),
    "suppressed": _event(
        "recipient",
        "suppressed",
        RecipientData(
            tenant="default",
            address="+15550000001",
            address_hash="0123456789abcdef",
            channel="sms",
            reason=SuppressionReason.STOP,
            provider="twilio",
            account="twilio-main",
            occurred_at=AT,
        ),
        "default/0123456789abcdef",
    ),
    "updated": _event(
        "account",
        "updated",
        AccountData(
            tenant="default",
            channel="whatsapp",
            provider="whatsapp_cloud",
            account="wa-main",
            topic=AccountTopic.TEMPLATE_STATUS,
            name="message_template_status_update",
            status="REJECTED",
            reason="INVALID_FORMAT",
            template=TemplateUpdate(
                id="1689556908129832", name="order_update", language="en", category="UTILITY"
            ),
            occurred_at=AT,
            received_at=AT + timedelta(milliseconds=40),
            raw={
                "field": "message_template_status_update",
                "value": {"event": "REJECTED", "reason": "INVALID_FORMAT"},
            },
        ),
        "whatsapp_cloud/wa-main",
    ),
}
