"""What a tenant may send in a period: `[tenants.<name>.quotas.<name>]`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from herald.contracts.durations import Duration
from herald.contracts.identifiers import ChannelName, ConfiguredName
from herald.contracts.prices import Money, Price
from herald.providers.account import Account

SHORTEST = timedelta(minutes=1)


class Quota(BaseModel):
    """So many messages, or so much money, in each period."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: tuple[ChannelName, ...] = ()  # that count together; none named: all
    per: Duration = timedelta(days=1)  # counted from midnight UTC of 1970-01-01 on
    messages: int | None = Field(default=None, ge=1)  # steps that start
    spend: Price | None = None  # what these may cost together, by their accounts' prices: `50 EUR`
    then: Literal["wait", "skip"] = "wait"  # what a step does when nothing is left

    @field_validator("per")
    @classmethod
    def _is_long_enough(cls, per: timedelta) -> timedelta:
        if per < SHORTEST:
            raise ValueError("a period is a minute at least")
        return per

    @model_validator(mode="after")
    def _limits_something(self) -> Quota:
        if self.messages is None and self.spend is None:
            raise ValueError("give messages or spend")
        return self

    def counts(self, channel: str) -> bool:
        """Whether a message on the channel counts."""
        return not self.channels or channel in self.channels


Quotas = dict[ConfiguredName, Quota]


def quota_problems(
    tenant: str, quotas: Mapping[str, Quota], accounts: Mapping[str, Account]
) -> Iterator[str]:
    """Say what is wrong with a tenant's quotas."""
    known = {account.channel for account in accounts.values()}
    for name, quota in quotas.items():
        where = f"tenants.{tenant}.quotas.{name}"
        for channel in quota.channels:
            if channel not in known:
                yield f"{where}.channels: no account serves {channel!r}"
        if quota.spend is not None:
            yield from _price_problems(f"{where}.spend", tenant, quota, quota.spend, accounts)


def _price_problems(
    where: str, tenant: str, quota: Quota, spend: Money, accounts: Mapping[str, Account]
) -> Iterator[str]:
    """Name accounts whose calls can't be counted against what a tenant may spend."""
    for name, account in accounts.items():
        if tenant not in account.tenants or not quota.counts(account.channel):
            continue
        if account.price is None:
            yield f"{where}: accounts.{name} has no price"
        elif account.price.currency != spend.currency:
            yield f"{where}: accounts.{name}.price is in {account.price.currency}"
