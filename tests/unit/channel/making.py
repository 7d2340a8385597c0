"""Work and accounts as the tests of the channel kit need them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from herald.bus.deliveries import Delivery
from herald.channel.accounts import SendingAccount
from herald.channel.attempts import Attempt
from herald.channel.calling import Caller
from herald.channel.limits.limiter import Limiter
from herald.channel.limits.places import Place
from herald.channel.planning import Moment, Plan, Planner
from herald.channel.reserving import Reserving
from herald.contracts.vocabulary import Category, Lane
from herald.contracts.work import Work, WorkContent
from herald.providers.account import Account
from herald.providers.budgets import Budget, account_key
from herald.providers.rendered import Rendered
from herald.providers.sending import Accepted, Emit, Provider, SendResult
from herald.providers.twilio.account import TwilioAccount
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount
from unit.channel.memory_rows import MemoryRows

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


class Unheard:
    """Learns nothing."""

    def note(
        self,
        budgets: Sequence[Budget],  # noqa: ARG002
        result: SendResult,  # noqa: ARG002
        *,
        began: float | None = None,  # noqa: ARG002
        is_probe: bool = False,  # noqa: ARG002
        is_slow: bool = False,  # noqa: ARG002
    ) -> Budget | None:
        return None

    async def reopen(self, budget: Budget) -> None: ...


def calling(channel: str = "sms") -> Caller:
    """Make calls, of which nobody learns anything."""
    return Caller(channel, lambda: None, Unheard(), lambda: 0.0)


def sending(
    name: str,
    options: Account | None = None,
    *,
    rate: float = 10.0,
    provider: Provider | None = None,
) -> SendingAccount:
    """Make an account that is ready to call."""
    return SendingAccount(
        name=name, options=options or twilio(rate=float(rate)), provider=provider or Silent()
    )


class Desk:
    """Plans and reserves as a worker does, with limits in memory and a clock of the test's."""

    def __init__(self, *accounts: SendingAccount) -> None:
        self.now = 0.0
        self.accounts = accounts
        self.rows = MemoryRows(self.clock)
        self.limiter = Limiter(self.rows, self.clock)
        self.reserving = Reserving("sms", self.limiter, self.planner)

    def clock(self) -> float:
        return self.now

    def planner(self, now: Moment) -> Planner:
        return Planner(self.accounts, self.limiter, now)

    def plan(self, wanted: Work) -> Plan:
        return self.planner(moment(self.now)).plan(wanted)

    async def decide(self, *works: Work) -> list[Attempt]:
        """Plan and reserve for a batch of works, each claimed for half a minute."""
        now, attempts = moment(self.now), []
        planner = self.planner(now)
        for one in works:
            place = None if one.grant is None else Place.of(one.grant, self.now, now.time)
            attempts.append(
                Attempt(
                    delivery=Delivery(body=b""),
                    work=one,
                    plan=planner.plan(one, place),
                    place=place,
                    lease_ends=self.now + 30,
                )
            )
        await self.reserving.reserve(attempts, now)
        return attempts

    async def again(self, *attempts: Attempt) -> None:
        """Plan and reserve anew for attempts that waited."""
        planner = self.planner(moment(self.now))
        for attempt in attempts:
            attempt.plan = planner.plan(attempt.work, attempt.place)
        await self.reserving.reserve(attempts, moment(self.now))

    def hold(self, account: str, seconds: float) -> None:
        """Have a response of its provider block an account."""
        self.rows.hold(account_key(account), seconds)


async def decided(
    accounts: Sequence[SendingAccount], *works: Work, now: float = 0.0
) -> list[Attempt]:
    """Plan and reserve for a batch of works while all limits are untouched."""
    desk = Desk(*accounts)
    desk.now = now
    return await desk.decide(*works)


def twilio(**options: Any) -> TwilioAccount:
    return TwilioAccount(provider="twilio", account_sid=ACCOUNT_SID, **options)


def whatsapp(phone_number_id: str) -> WhatsAppCloudAccount:
    return WhatsAppCloudAccount(provider="whatsapp_cloud", phone_number_id=phone_number_id)
