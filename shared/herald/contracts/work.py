"""Work: what the router publishes for a channel. Lenient inside."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from herald.contracts.content import ChannelContent
from herald.contracts.grants import Grant
from herald.contracts.identifiers import attempt_tag
from herald.contracts.vocabulary import Category, Lane
from herald.contracts.work_parts import (
    LENIENT,
    WorkButton,
    WorkChoiceList,
    WorkContact,
    WorkLinkButton,
    WorkLocation,
    WorkMedia,
    WorkReaction,
    WorkReadReceipt,
    WorkTemplate,
)


class WorkReply(BaseModel):
    """What a message answers."""

    model_config = LENIENT

    reference: str  # the provider's id of it, or its Message-ID
    account: str | None = None  # whose id that is; none: anybody's


class WorkContent(ChannelContent):
    """A channel's content as a worker reads it: unknown parts are ignored, not refused."""

    model_config = LENIENT

    # not the rules of commands: what an earlier version accepted must be sent
    text: str | None = None
    subject: str | None = None
    html: str | None = None
    media: tuple[WorkMedia, ...] = ()
    template: WorkTemplate | None = None
    header: str | None = None
    footer: str | None = None
    buttons: tuple[WorkButton, ...] | None = None
    list: WorkChoiceList | None = None
    link: WorkLinkButton | None = None
    location: WorkLocation | None = None
    contacts: tuple[WorkContact, ...] | None = None
    reaction: WorkReaction | None = None
    read_receipt: WorkReadReceipt | None = None
    outside_window: WorkTemplate | None = None  # the router's: work says what is to be sent now
    in_reply_to: WorkReply | None = None

    def answers_for(self, account: str) -> str | None:
        """Return the id of what it answers, if that means something to an account."""
        reply = self.in_reply_to
        return reply.reference if reply is not None and reply.account in {None, account} else None


class Work(BaseModel):
    """One attempt to make: one call to one provider account."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    # a plan is answered with what would be done, and never sent: workers of before refuse it
    kind: Literal["send", "plan"] = "send"
    attempt_id: str
    dispatch: int = 1  # counts how often this attempt was handed out: 1, then more after returns
    message_id: str
    tenant: str
    channel: str
    lane: Lane
    category: Category
    to: str
    recipient_name: str | None = None
    sender: str | None = None  # the profile's entry for this channel: a number, an id or a From
    account: str | None = None  # only this one
    avoid: tuple[str, ...] = ()  # accounts that already failed this message on this channel
    tried: tuple[str, ...] = ()  # accounts by which this step failed: others come first
    content: WorkContent
    not_after: datetime  # past it the work is returned, not sent
    correlation_id: str | None = None
    unsubscribe_url: str | None = None  # one click there unsubscribes (RFC 8058)
    grant: Grant | None = None  # what its last return came with

    @property
    def tag(self) -> str:
        """What a provider is to carry back in its webhooks."""
        return attempt_tag(self.attempt_id, self.lane)
