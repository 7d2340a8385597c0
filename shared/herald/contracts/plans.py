"""What would become of a message: what a dry run finds out, without a send. Lenient inside."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from herald.contracts.durations import Duration
from herald.contracts.failures import Failure
from herald.contracts.prices import Price
from herald.contracts.vocabulary import Category, CommandAnswer, Lane, MessageStatus, Receipts


class _Data(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Start(StrEnum):
    """When a step would start, once it is its turn."""

    NOW = "now"  # its work would be handed to the channel at once
    LATER = "later"  # not before an hour: `reason` and `not_before` say why and when
    QUEUED = "queued"  # when its channel has room
    SKIPPED = "skipped"  # never: `reason` and `failure` say why


class ChannelPlan(_Data):
    """What a channel's worker would do with a step."""

    call: Literal["now", "later", "never"]  # when it would call its provider
    reason: str | None = None  # with `later`: what it would wait for
    wait: Duration | None = None  # with `later`: how long, where that is known
    failure: Failure | None = None  # with `never`: why
    provider: str | None = None  # which it would call
    account: str | None = None  # the configured account it would use
    egress: str | None = None  # the way it would leave by, where some are configured
    receipts: Receipts | None = None  # the furthest news that the provider sends
    template: str | None = None  # the template that would be sent instead of all else
    encoding: str | None = None  # of an SMS's text
    segments: int | None = None  # that an SMS's text takes
    transliterated: bool | None = None  # an SMS's text is written with other letters
    cost: Price | None = None  # by the account's configured price


class StepPlan(_Data):
    """What would become of one step."""

    step: int  # counted from 1 among the steps that this message can use
    channel: str  # the channel it tries
    sender: str | None = None  # what it sends from, where that is configured
    says: str | None = None  # the template of herald.toml that it says: version and locale
    start: Start  # `now`, `later`, `queued` (until its channel has room), or `skipped`
    reason: str | None = None  # what it would wait for, or why it would be skipped
    failure: Failure | None = None  # with `skipped`: how the message fails if no step is left
    not_before: datetime | None = None  # with `later`
    success_on: str  # what counts as success
    fallback_after: Duration  # silence allowed until the next step
    start_within: Duration | None = None  # time allowed until a worker starts it
    notes: tuple[str, ...] = ()  # what else was found out, e.g. which delays were learned
    worker: ChannelPlan | None = None  # what its channel says
    no_answer: str | None = None  # why its channel says nothing, where it was asked


class LeftOut(_Data):
    """A step of the route that this message can't use."""

    step: int  # counted from 1 among the route's
    reason: str  # why not


class PlannedData(_Data):
    """The answer to a dry run: nothing was sent, and nothing of the message is kept."""

    message_id: str  # the id that the message would have
    tenant: str  # whose command it was
    idempotency_key: str  # the command's, or what would stand in for it
    answer: CommandAnswer  # what the router would say: accepted, or duplicate
    status: MessageStatus | None = None  # with `duplicate`: of the message that there is
    category: Category  # what it is for
    lane: Lane  # which queues it would wait in
    route: str | None = None  # the configured route; none: steps of its own
    sender: str | None = None  # the configured sender
    send_at: datetime | None = None  # the hour it would be kept for
    expires_at: datetime  # the end of its life
    steps: tuple[StepPlan, ...] = Field(default=())  # in order
    left_out: tuple[LeftOut, ...] = ()  # steps of the route that it can't use
    received_at: datetime  # when Herald found this out
