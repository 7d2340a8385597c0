"""Dry runs as values: what is known of one, and what its channels say of it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from herald.contracts.plans import ChannelPlan, PlannedData
from herald.contracts.trace_context import TraceContext


class OpenPlan(BaseModel):
    """A dry run whose channels are asked; its id is that of the event to come."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: UUID
    asked: tuple[int, ...]  # steps
    data: PlannedData  # without what the channels say
    correlation_id: str | None = None
    trace: TraceContext | None = None


class ChannelAnswer(BaseModel):
    """What came of asking a channel about one step."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    plan: ChannelPlan | None = None
    no_answer: str | None = None  # why there is no plan


Answers = Mapping[int, ChannelAnswer]  # by step
