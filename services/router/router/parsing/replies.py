"""Messages that answer what a recipient sent: which that is, and where it can be said. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal
from uuid import UUID

from msgspec.structs import replace
from pydantic_core import from_json, to_json

from herald.config.file import HeraldFile
from herald.contracts.addresses import whatsapp_forms
from herald.contracts.content import TO_A_MESSAGE
from herald.contracts.events import inbound_id_of
from herald.contracts.masking import address_hash
from herald.contracts.work import WorkReply
from herald.providers.account import Account
from router.commands import Answered, Candidate, UnusableError
from router.core.message import PlannedStep

FIELD = "in_reply_to"
EMAIL = "email"
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]+@[!-;=?A-~]+>")  # without blanks and brackets


def possible_ids(candidate: Candidate, configuration: HeraldFile) -> list[UUID]:
    """Return under which ids a recipient's message may be kept that a command answers.

    A provider's id is one of its account's, and which of the tenant's it was is not said.
    """
    name = candidate.in_reply_to
    if name is None or _is_message_id(name):
        return []
    own = [
        UUID(inbound_id_of(account.provider, account_name, name))
        for account_name, account in configuration.accounts.items()
        if account.tenants[0] == candidate.message.tenant
    ]
    try:
        return [UUID(name), *own]
    except ValueError:
        return own


def answer(
    candidate: Candidate, found: Mapping[UUID, Answered], configuration: HeraldFile
) -> Candidate:
    """Let a message answer what its command names, on the steps that can say so.

    Raises:
        UnusableError: nothing of that name came from its recipient, or no step can be about it.
    """
    name = candidate.in_reply_to
    assert name is not None, "only replies are asked about"
    if _is_message_id(name):
        return _with_reply(candidate, EMAIL, WorkReply(reference=name), configuration)
    message = candidate.message
    ids = possible_ids(candidate, configuration)
    answered = next((found[one] for one in ids if one in found), None)
    if answered is None or answered.tenant != message.tenant:
        raise UnusableError(FIELD, "no such message from a recipient is known")
    addresses = [it.address for it in message.plan.steps if it.channel == answered.channel]
    hashes = {address_hash(form) for address in addresses for form in whatsapp_forms(address)}
    if hashes and answered.sender_hash not in hashes:
        raise UnusableError(FIELD, "came from somebody else than this recipient")
    reply = WorkReply(reference=answered.reference, account=answered.account)
    return _with_reply(candidate, answered.channel, reply, configuration)


def _with_reply(
    candidate: Candidate, channel: str, reply: WorkReply, configuration: HeraldFile
) -> Candidate:
    """Give the reply to the channel's steps; the others are left a remark in the timeline."""
    message, contents = candidate.message, from_json(candidate.contents)
    steps: list[PlannedStep] = []
    remarks: list[tuple[str, str]] = []
    for number, step in enumerate(message.plan.steps, start=1):
        serving = configuration.serving(step, message.tenant, step.address)
        account = reply.account if reply.account in serving else None
        how = _how(serving.values() if account is None else [serving[account]])
        if step.channel != channel or how is None or (how == "own" and account is None):
            remarks.append((f"step:{number}:reply", f"{FIELD} can't be said on {step.channel}"))
            steps.append(step)
            continue
        contents[channel][FIELD] = reply.model_dump(exclude_none=True)
        # an answer comes from the number that was written to
        steps.append(replace(step, account=account) if how == "own" else step)
    if len(remarks) == len(steps) and all(_is_about_it(contents[it.channel]) for it in steps):
        raise UnusableError(FIELD, "no step of the route can be about that message")
    return replace(
        candidate,
        message=replace(message, plan=replace(message.plan, steps=tuple(steps))),
        contents=to_json(contents),
        remarks=(*candidate.remarks, *remarks),
    )


def _is_about_it(content: Mapping[str, Any]) -> bool:
    """Whether a content is nothing without what it answers."""
    return any(content.get(part) for part in TO_A_MESSAGE)


def _how(serving: Iterable[Account]) -> Literal["own", "any"] | None:
    """Say what all of some accounts can answer."""
    ways = {account.answers for account in serving}
    return ways.pop() if len(ways) == 1 else None


def _is_message_id(name: str) -> bool:
    """Whether it is an e-mail's own id: mail that Herald never saw may be answered, too."""
    return _MESSAGE_ID.fullmatch(name) is not None
