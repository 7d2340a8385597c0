"""What Amazon SNS sends: the envelope around a message, and where its proof may lie. Pure.

SNS: "Parsing message formats", "Verifying the signatures of Amazon SNS messages".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
UNSUBSCRIPTION = "UnsubscribeConfirmation"

# what the signature covers, in this order; `Subject` only where there is one
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_SIGNED[UNSUBSCRIPTION] = _SIGNED[SUBSCRIPTION]
_MAY_BE_ABSENT = "Subject"

# ASCII: without it a letter that only folds to `s` or `k` would pass
_CERTIFICATE = r"/SimpleNotificationService-[a-z0-9]{1,128}\.pem"
_AMAZON = r"https://sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?"
_FLAGS = re.ASCII | re.IGNORECASE
_TOKEN = re.compile(r"[A-Za-z0-9]{1,2048}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The fields of one, all texts; not to be trusted before its signature is verified."""

    fields: Mapping[str, str]

    @property
    def kind(self) -> str:
        return self.fields["Type"]

    @property
    def canonical(self) -> bytes:
        """What the signature covers."""
        names = (name for name in _SIGNED[self.kind] if name in self.fields)
        return "".join(f"{name}\n{self.fields[name]}\n" for name in names).encode()


def read_envelope(document: Any) -> Envelope | None:
    """Read an envelope; None where it is none of the three kinds or not complete."""
    if not isinstance(document, dict):
        return None
    fields = {name: value for name, value in document.items() if isinstance(value, str)}
    signed = _SIGNED.get(fields.get("Type", ""))
    if signed is None or any(n not in fields for n in signed if n != _MAY_BE_ABSENT):
        return None
    return Envelope(fields)


@dataclass(frozen=True, slots=True)
class SnsPlace:
    """Where certificates may lie and subscriptions are confirmed: at Amazon, or at a stand-in."""

    stand_in: str | None = None  # its URL

    def has_certificate(self, url: str) -> bool:
        """Say whether a certificate may be fetched from there: the whole URL is compared."""
        host = _AMAZON if self.stand_in is None else re.escape(self.stand_in)
        return re.fullmatch(host + _CERTIFICATE, url, _FLAGS) is not None

    def confirmation(self, topic: str, token: str) -> str | None:
        """Return the URL that confirms a subscription, made of an allowed topic and the token.

        What SNS gives as `SubscribeURL` is not called. None: it is no token.
        """
        if _TOKEN.fullmatch(token) is None:
            return None
        query = urlencode({"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token})
        return f"{self.stand_in or _endpoint_of(topic)}/?{query}"


def _endpoint_of(topic: str) -> str:
    _, partition, _, region, *_ = topic.split(":")
    ending = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://sns.{region}.{ending}"
