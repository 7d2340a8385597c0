"""What providers' webhooks say of a failure, without what they quote of the message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec.structs import replace

from herald.contracts.content import ChannelContent
from herald.contracts.echoes import names_of, said_in, without_names, without_quotes
from herald.database.pool import Connection
from router.core.facts import Fact, ReceiptArrived
from router.core.message import Message
from router.store.messages import load_contents, read_contents

Contents = Mapping[str, ChannelContent]  # by channel


async def hide_quotes(
    connection: Connection,
    messages: Mapping[UUID, Message],
    facts: Mapping[UUID, Sequence[Fact]],
) -> Mapping[UUID, Sequence[Fact]]:
    """Take out of failures' texts what `messages` say; a worker has done so for its own reports.

    Contents are loaded for these messages alone.
    """
    wanted = {
        message_id
        for message_id in messages.keys() & facts.keys()
        if any(_has_words(fact) for fact in facts[message_id])
    }
    if not wanted:
        return facts
    stored = await load_contents(connection, sorted(wanted))
    contents = {message_id: read_contents(text) for message_id, text in stored.items()}
    hidden = {
        message_id: [
            without_quotes_of(fact, messages[message_id], contents[message_id])
            for fact in facts[message_id]
        ]
        for message_id in wanted
    }
    return {**facts, **hidden}


def without_quotes_of(fact: Fact, message: Message, contents: Contents) -> Fact:
    """Hide what a fact's failure quotes of a message; no words stay once its contents are gone."""
    if not isinstance(fact, ReceiptArrived) or not _has_words(fact):
        return fact
    failure = fact.receipt.failure
    if failure is None:
        return fact
    text = ""
    if contents:
        said = [words for content in contents.values() for words in said_in(content)]
        plan = message.plan
        names = [
            name for step in plan.steps for name in names_of(plan.recipient_name, step.address)
        ]
        text = without_names(without_quotes(failure.text, said), dict.fromkeys(names))
    receipt = fact.receipt.model_copy(update={"failure": failure.model_copy(update={"text": text})})
    return replace(fact, receipt=receipt)


def _has_words(fact: Fact) -> bool:
    if not isinstance(fact, ReceiptArrived) or fact.receipt.source != "webhook":
        return False
    return fact.receipt.failure is not None and bool(fact.receipt.failure.text)
