"""What a tenant may send in a period: `[tenants.<name>.quotas.<name>]`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from herald.contracts.durations import Duration
from herald.contracts.identifiers import ChannelName, ConfiguredName

SHORTEST = timedelta(minutes=1)


class Quota(BaseModel):
    """So many messages, or so much money, in each period."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: tuple[ChannelName, ...] = ()  # that count together; none named: all
    per: Duration = timedelta(days=1)  # counted from midnight UTC of 1970-01-01 on
    messages: int | None = Field(default=None, ge=1)  # steps that start
    then: Literal["wait", "skip"] = "wait"  # what a step does when nothing is left

    @field_validator("per")
    @classmethod
    def _is_long_enough(cls, per: timedelta) -> timedelta:
        if per < SHORTEST:
            raise ValueError("a period is a minute at least")
        return per

    @model_validator(mode="after")
    def _limits_something(self) -> Quota:
        if self.messages is None:
            raise ValueError("give messages")
        return self

    def counts(self, channel: str) -> bool:
        """Whether a message on the channel counts."""
        return not self.channels or channel in self.channels


Quotas = dict[ConfiguredName, Quota]


def quota_problems(
    where: str, quotas: Mapping[str, Quota], channels: Iterable[str]
) -> Iterator[str]:
    """Say what is wrong with a tenant's quotas, which stand at `where`."""
    known = set(channels)
    for name, quota in quotas.items():
        for channel in quota.channels:
            if channel not in known:
                yield f"{where}.{name}.channels: no account serves {channel!r}"
