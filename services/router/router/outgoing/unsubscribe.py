"""The link by which a mail's recipient unsubscribes. Pure."""

from __future__ import annotations

from herald.contracts.masking import masking_key
from herald.contracts.unsubscribe import PATH, UnsubscribeKeys, UnsubscribeLink
from herald.contracts.vocabulary import Category
from router.core.message import Attempt, Message

_CHANNEL = "email"


class UnsubscribeLinks:
    """Writes the links of marketing mails."""

    def __init__(self, keys: UnsubscribeKeys, public_base_url: str) -> None:
        self._keys = keys
        self._url = public_base_url.rstrip("/") + PATH

    def url_for(self, message: Message, attempt: Attempt) -> str | None:
        """Return the link of an attempt's mail; None: it is no marketing mail."""
        if attempt.channel != _CHANNEL or message.plan.category is not Category.MARKETING:
            return None
        key = masking_key()
        link = UnsubscribeLink(
            tenant=message.tenant,
            channel=attempt.channel,
            attempt=message.attempt_id(attempt),
            address_hash=key.hash(message.step(attempt).address),
            hashed_with=key.name,
        )
        return f"{self._url}/{self._keys.sign(link)}"
