"""What accounts at both of Vonage's APIs, SMS and Messages, have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from herald.contracts.durations import Duration
from herald.providers.account import Account

# Vonage, "SMS API reference" and "Messages API reference": ttl
SHORTEST_VALIDITY, LONGEST_VALIDITY = timedelta(seconds=20), timedelta(days=7)


class VonageOptions(Account):
    """How webhooks are proven, and what an SMS may carry."""

    # Vonage, "Webhooks": again after 5 s, then after twice as long each time, for 24 h
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=5)

    signature_window: Annotated[Duration, Field(ge=timedelta(seconds=1), le=timedelta(days=1))] = (
        Field(
            default=timedelta(minutes=5),
            description="How old the signature of a webhook may be.",
        )
    )
    validity: Annotated[Duration, Field(ge=SHORTEST_VALIDITY, le=LONGEST_VALIDITY)] | None = Field(
        default=None,
        description="How long Vonage may try an SMS, 20 s to 7 d; never longer than the message is"
        " worth sending.",
    )
    entity_id: str | None = Field(
        default=None, max_length=64, description="The sender's id with a regulator, as in India."
    )
    content_id: str | None = Field(
        default=None, max_length=64, description="The id of the text with that regulator."
    )


def time_to_live(left: timedelta, validity: timedelta | None) -> timedelta:
    """Let Vonage try no longer than the message is worth sending, within what it allows."""
    wanted = left if validity is None else min(left, validity)
    return min(max(wanted, SHORTEST_VALIDITY), LONGEST_VALIDITY)
