"""What Meta reports about a WhatsApp Business account, by the webhook's field.

Meta: "Webhooks reference". The news names the business account, and a phone number only where it is
about one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import to_json

from herald.contracts.account_updates import AccountUpdate, TemplateUpdate
from herald.contracts.receipts import AccountReceipt
from herald.contracts.redaction import redact_prose
from herald.contracts.vocabulary import AccountTopic
from herald.providers.lenient_json import (
    event_key,
    kept,
    mapping,
    moment,
    objects,
    part,
    phone,
    text,
)
from herald.providers.webhook_requests import WebhookRequest
from herald.providers.whatsapp_cloud.names import CHANNEL, PROVIDER

Value = Mapping[str, Any]

# Of conversations, not of the account: of no use to Herald, and large or other people's.
NOT_OURS = frozenset(
    {
        "automatic_events",  # purchases that Meta detects in a chat
        "calls",
        "consumer_profile",
        "group_lifecycle_update",
        "group_participants_update",
        "group_settings_update",
        "group_status_update",
        "history",  # of the WhatsApp Business app: months of chats
        "message_echoes",  # what we sent ourselves
        "messaging_handovers",
        "smb_app_state_sync",  # the address book of the WhatsApp Business app
        "smb_message_echoes",  # what was sent with the WhatsApp Business app
        "standby",  # what another application handles
        "tracking_events",
    }
)

_NO_REASON = "NONE"  # Meta's word for it
_MAX_PROSE = 512


def account_receipt(
    account: str, request: WebhookRequest, entry: Mapping[str, Any], change: Any
) -> AccountReceipt:
    """Read an account's news; a field not known here is `other`, never an error."""
    field, time = text(change, "field") or "", entry.get("time")
    value = mapping(change.get("value"))
    return AccountReceipt(
        **dict(READERS.get(field, _other)(field, value)),
        channel=CHANNEL,
        provider=PROVIDER,
        account=account,
        event_key=_key(text(entry, "id"), time, field, value),
        occurred_at=moment(time),
        received_at=request.received_at,
        element=kept(change, len(request.body)),
    )


def _key(business: str | None, time: Any, field: str, value: Value) -> str:
    """Name the news by all that it says: Meta gives it no id, and repeats it as it was."""
    digest = hashlib.sha256(to_json([business, time, value])).hexdigest()
    return event_key(field, digest)


def _template_status(field: str, value: Value) -> AccountUpdate:
    rejection, other = part(value, "rejection_info"), part(value, "other_info")
    reason = text(value, "reason")
    return AccountUpdate(
        topic=AccountTopic.TEMPLATE_STATUS,
        name=field,
        status=text(value, "event"),
        reason=_prose(
            None if reason == _NO_REASON else reason,
            text(rejection, "reason"),
            text(other, "title"),
            text(other, "description"),
        ),
        template=_template(value, category=text(value, "message_template_category")),
    )


def _template_quality(field: str, value: Value) -> AccountUpdate:
    now, before = text(value, "new_quality_score"), text(value, "previous_quality_score")
    return AccountUpdate(
        topic=AccountTopic.TEMPLATE_QUALITY,
        name=field,
        status=now,
        template=_template(value, quality=now, previous_quality=before),
    )


def _template_category(field: str, value: Value) -> AccountUpdate:
    now, before = text(value, "new_category"), text(value, "previous_category")
    return AccountUpdate(
        topic=AccountTopic.TEMPLATE_CATEGORY,
        name=field,
        status=now,
        template=_template(value, category=now, previous_category=before),
    )


def _template_content(field: str, value: Value) -> AccountUpdate:
    return AccountUpdate(topic=AccountTopic.TEMPLATE_CONTENT, name=field, template=_template(value))


def _number_quality(field: str, value: Value) -> AccountUpdate:
    """Read a number's new limit; Meta drops `current_limit` in 2026 in favour of the other."""
    return AccountUpdate(
        topic=AccountTopic.NUMBER_QUALITY,
        name=field,
        status=text(value, "event"),
        number=_number(value),
        limit=text(value, "max_daily_conversations_per_business") or text(value, "current_limit"),
        previous_limit=text(value, "old_limit"),
    )


def _number_name(field: str, value: Value) -> AccountUpdate:
    reason = text(value, "rejection_reason")
    return AccountUpdate(
        topic=AccountTopic.NUMBER_NAME,
        name=field,
        status=text(value, "decision"),
        reason=None if reason == _NO_REASON else _prose(reason),
        number=_number(value),
    )


def _limits(field: str, value: Value) -> AccountUpdate:
    return AccountUpdate(
        topic=AccountTopic.LIMITS,
        name=field,
        limit=text(value, "max_daily_conversations_per_business")
        or text(value, "max_daily_conversation_per_phone"),
    )


def _standing(field: str, value: Value) -> AccountUpdate:
    """Read an update, a review or an alert; each has its word for what happened elsewhere."""
    alert = part(value, "alert_info") or value
    restrictions = [
        text(restriction, "restriction_type") for restriction in objects(value, "restriction_info")
    ]
    return AccountUpdate(
        topic=AccountTopic.STANDING,
        name=field,
        status=text(value, "event") or text(value, "decision") or text(alert, "alert_type"),
        reason=_prose(
            text(part(value, "violation_info"), "violation_type"),
            text(part(value, "ban_info"), "waba_ban_state"),
            text(alert, "alert_description"),
        ),
        number=_number(value),
        restrictions=[restriction for restriction in restrictions if restriction is not None],
    )


def _security(field: str, value: Value) -> AccountUpdate:
    return AccountUpdate(
        topic=AccountTopic.SECURITY, name=field, status=text(value, "event"), number=_number(value)
    )


def _other(field: str, value: Value) -> AccountUpdate:
    return AccountUpdate(
        topic=AccountTopic.OTHER,
        name=field[:_MAX_PROSE],
        status=text(value, "event"),
        number=_number(value),
    )


def _template(value: Value, **changed: str | None) -> TemplateUpdate:
    return TemplateUpdate(
        id=text(value, "message_template_id"),
        name=text(value, "message_template_name"),
        language=text(value, "message_template_language"),
        **changed,
    )


def _number(value: Value) -> str | None:
    given = text(value, "display_phone_number") or text(value, "phone_number")
    return phone(given or "")


def _prose(*words: str | None) -> str | None:
    """Join what a provider says of a reason, without addresses."""
    said = ": ".join(filter(None, words))
    return redact_prose(said)[:_MAX_PROSE] or None


READERS: dict[str, Callable[[str, Value], AccountUpdate]] = {
    "account_alerts": _standing,
    "account_review_update": _standing,
    "account_update": _standing,
    "business_capability_update": _limits,
    "business_status_update": _standing,
    "message_template_components_update": _template_content,
    "message_template_quality_update": _template_quality,
    "message_template_status_update": _template_status,
    "phone_number_name_update": _number_name,
    "phone_number_quality_update": _number_quality,
    "security": _security,  # the number's PIN
    "template_category_update": _template_category,
}
