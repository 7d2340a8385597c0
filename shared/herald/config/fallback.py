"""How long a step waits for news where it leaves that to what was learned."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, model_validator

from herald.contracts.durations import Duration


class FallbackRules(BaseModel):
    """What `fallback_after = "auto"` may come to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shortest: Duration = timedelta(seconds=10)  # never less, however fast deliveries are
    longest: Duration = timedelta(minutes=10)  # never more
    default: Duration = timedelta(seconds=60)  # while too few deliveries are known
    deliveries: int = Field(default=200, ge=1)  # of the last seven days that are enough

    @model_validator(mode="after")
    def _in_order(self) -> FallbackRules:
        if not self.shortest <= self.default <= self.longest:
            raise ValueError("default must lie between shortest and longest")
        return self
