"""How long Herald keeps what it no longer needs for sending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from herald.contracts.durations import Duration, format_duration


class Retention(BaseModel):
    """How long each kind of data is kept; nothing of a message under way is ever touched."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    content: Duration = timedelta(days=30)  # what a message says and to whom, from its end on
    history: Duration = timedelta(days=90)  # the message itself and its timeline, from its end on
    dead_letters: Duration = timedelta(days=30)  # what nobody could handle, from its coming on
    consent: Duration = timedelta(days=365)  # how suppressions came and went, from each change on
    references: Duration = timedelta(days=30)  # providers' ids of messages, from their coming on

    def problems(self, lives: Mapping[str, timedelta]) -> Iterator[str]:
        """Say what is too short beside the longest life of a message, by the field that sets it."""
        field, longest = max(lives.items(), key=lambda item: item[1])
        for name in type(self).model_fields:
            kept: timedelta = getattr(self, name)
            if kept < longest:
                yield (
                    f"retention.{name}: {format_duration(kept)} is shorter than {field}"
                    f" ({format_duration(longest)})"
                )
        if self.history < self.content:
            yield (
                f"retention.history: {format_duration(self.history)} is shorter than"
                f" retention.content ({format_duration(self.content)})"
            )
