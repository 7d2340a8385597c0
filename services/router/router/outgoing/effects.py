"""What a decision's effects publish: work for a channel; their events are `events.py`'s. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import cast
from uuid import UUID

from msgspec import Raw

from herald.bus.outgoing_messages import OutgoingMessage
from herald.contracts.identifiers import amqp_message_id
from herald.contracts.topology import OUTBOUND, outbound_key
from herald.contracts.work import Work, WorkContent
from router.core.effects import Answer, Dispatch, Effect, Emit
from router.core.fallback import avoided_accounts, tried_accounts
from router.core.message import Attempt, Message
from router.outgoing.contents import StoredContents, said_by
from router.outgoing.events import answer_event, message_event
from router.outgoing.unchecked import Fields, fields_of, write_known
from router.outgoing.unsubscribe import UnsubscribeLinks

WORK_TYPE = "herald.work.send.v1"

_work = fields_of(Work)


def outgoing_message(
    message: Message,
    effect: Effect,
    contents: Mapping[UUID, StoredContents],
    now: datetime,
    links: UnsubscribeLinks | None = None,
) -> OutgoingMessage | None:
    """Return what an effect publishes, if anything; work needs the message's contents."""
    if isinstance(effect, Dispatch):
        content = said_by(effect.attempt, contents[message.id])
        return work_message(message, effect.attempt, content, links)
    if isinstance(effect, Emit):
        return message_event(message, effect, now)
    if isinstance(effect, Answer):
        return answer_event(message, effect, now)
    return None


def work_message(
    message: Message,
    attempt: Attempt,
    content: Raw,
    links: UnsubscribeLinks | None = None,
) -> OutgoingMessage:
    """Hand an attempt to its channel."""
    work = work_of(message, attempt, content, links)
    return OutgoingMessage(
        exchange=OUTBOUND,
        routing_key=outbound_key(work["channel"], work["lane"]),
        body=write_known(work),
        message_id=amqp_message_id("work", work["attempt_id"], str(work["dispatch"])),
        type=WORK_TYPE,
        correlation_id=work["correlation_id"],
    )


def work_of(
    message: Message,
    attempt: Attempt,
    content: Raw,
    links: UnsubscribeLinks | None = None,
) -> Fields:
    """Say what a worker needs to know to make an attempt: the fields of its work."""
    plan, step = message.plan, message.step(attempt)
    return _work(
        attempt_id=str(message.attempt_id(attempt)),
        dispatch=attempt.dispatch,
        message_id=str(message.id),
        tenant=message.tenant,
        channel=step.channel,
        lane=plan.lane,
        category=plan.category,
        to=step.address,
        recipient_name=plan.recipient_name,
        sender=step.sender,
        account=attempt.only_account or step.account,
        # before the first try of a step nothing of it has failed
        avoid=avoided_accounts(message, attempt.step) if attempt.number > 1 else (),
        tried=tried_accounts(message, attempt.step) if attempt.number > 1 else (),
        content=cast("WorkContent", content),  # written as it is
        # not start_within: silence may be held after an outage, and then a late start is right. The
        # router takes the attempt back when its time is over.
        not_after=plan.expires_at,
        correlation_id=plan.correlation_id,
        grant=attempt.grant,
        unsubscribe_url=None if links is None else links.url_for(message, attempt),
    )
