"""What a recipient's own message asks for: no more messages, or messages again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from herald.config.consent import Consent
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import InboundKind, PreferenceValue, SuppressionReason
from router.core.consent import (
    LIFTED_BY_RESUME,
    LIFTED_BY_START,
    ConsentChange,
    hashes_for,
)

# A word counts where a person wrote or chose it; not in a caption, an edited message or a form.
_SPOKEN = frozenset({InboundKind.TEXT, InboundKind.BUTTON})


class _Wish(Struct, frozen=True):
    kind: Literal["suppressed", "unsuppressed"]
    reasons: tuple[SuppressionReason, ...]


_STOP = _Wish("suppressed", (SuppressionReason.STOP,))
_START = _Wish("unsuppressed", LIFTED_BY_START)
_PREFERENCES = {
    PreferenceValue.STOP: _Wish("suppressed", (SuppressionReason.PREFERENCE,)),
    PreferenceValue.RESUME: _Wish("unsuppressed", LIFTED_BY_RESUME),
}


def changes_asked(
    receipt: InboundReceipt, tenants: Iterable[str], consent: Consent
) -> list[ConsentChange]:
    """Return what a message changes for each tenant; mostly nothing."""
    wish = _wish(receipt, consent)
    if wish is None:
        return []
    return [
        ConsentChange(
            kind=wish.kind,
            tenant=tenant,
            address_hash=address_hash,
            address=address,
            channel=receipt.channel,
            reasons=wish.reasons,
            source=receipt.account,
            provider=receipt.provider,
            cause=f"inbound:{receipt.receipt_id}",
        )
        for tenant in tenants
        for address in dict.fromkeys((receipt.sender, receipt.sender_id or receipt.sender))
        for address_hash in hashes_for(wish.kind, address)
    ]


def _wish(receipt: InboundReceipt, consent: Consent) -> _Wish | None:
    if receipt.preference is not None:
        return _PREFERENCES.get(receipt.preference.value)
    if receipt.group is not None or receipt.automatic:
        return None  # it is said to all who read there, or nobody says it
    # the provider's own reading comes first: it has acted by it
    keyword = receipt.keyword
    if keyword is None and receipt.content in _SPOKEN:
        own_words = receipt.mail.new_text if receipt.mail is not None else None
        keyword = consent.meaning_of(own_words or receipt.text)
    if keyword == "stop":
        return _STOP
    return _START if keyword == "start" else None
