"""Work and accounts as the tests of the channel kit need them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from herald.bus.deliveries import Delivery
from herald.channel.accounts import SendingAccount
from herald.channel.attempts import Attempt
from herald.channel.limits.token_bucket import TokenBucket
from herald.channel.planning import Moment, Planner
from herald.channel.reserving import reserve
from herald.contracts.vocabulary import Category, Lane
from herald.contracts.work import Work, WorkContent
from herald.providers.account import Account
from herald.providers.rendered import Rendered
from herald.providers.sending import Accepted, Emit, Provider, SendResult
from herald.providers.twilio.account import TwilioAccount
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount

NOW = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)
ACCOUNT_SID = "AC" + "0" * 32
ATTEMPT = "00000000-0000-4000-8000-000000000001.1.1"


def moment(monotonic: float = 0.0) -> Moment:
    return Moment(monotonic, NOW + timedelta(seconds=monotonic))


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def work(**changes: Any) -> Work:
    """Make an SMS for the default tenant."""
    fields: dict[str, Any] = {
        "attempt_id": ATTEMPT,
        "message_id": ATTEMPT.split(".", maxsplit=1)[0],
        "tenant": "default",
        "channel": "sms",
        "lane": Lane.NORMAL,
        "category": Category.TRANSACTIONAL,
        "to": "+15550002222",
        "sender": "+15550001111",
        "content": WorkContent(text="Hello"),
        "not_after": NOW + timedelta(hours=1),
    }
    return Work(**fields | changes)


class Silent:
    """A provider that is never asked."""

    async def start(self, emit: Emit, /) -> None: ...

    async def stop(self) -> None: ...

    async def send(self, work: Work, content: Rendered) -> SendResult:  # noqa: ARG002
        return Accepted((work.attempt_id,))


def sending(
    name: str,
    options: Account | None = None,
    *,
    rate: float = 10.0,
    provider: Provider | None = None,
) -> SendingAccount:
    """Make an account that is ready to call, with a full bucket."""
    return SendingAccount(
        name=name,
        options=options or twilio(),
        provider=provider or Silent(),
        bucket=TokenBucket(rate),
    )


async def decided(
    accounts: Sequence[SendingAccount], *works: Work, now: float = 0.0
) -> list[Attempt]:
    """Plan and reserve for a batch of works, each claimed for half a minute."""
    planner = Planner(accounts, moment(now))
    attempts = [
        Attempt(delivery=Delivery(body=b""), work=one, plan=planner.plan(one), lease_ends=now + 30)
        for one in works
    ]
    await reserve(attempts, now)
    return attempts


def twilio(**options: Any) -> TwilioAccount:
    return TwilioAccount(provider="twilio", account_sid=ACCOUNT_SID, **options)


def whatsapp(phone_number_id: str) -> WhatsAppCloudAccount:
    return WhatsAppCloudAccount(provider="whatsapp_cloud", phone_number_id=phone_number_id)
