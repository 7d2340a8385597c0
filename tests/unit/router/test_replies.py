"""Commands that are about a message of the recipient's, on the steps that can say so."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from herald.contracts.masking import address_hash
from router.commands import Answered, Candidate, UnusableError
from router.parsing.replies import answer, possible_ids
from unit.router.offering import CONFIGURATION, offered

REACTION = {"reaction": {"emoji": "x"}}


def answered_on(channel: str, account: str, **changes: Any) -> Candidate:
    """Answer what came on a channel to an account."""
    candidate = offered(in_reply_to="wamid.IN", **changes)
    first, *_ = possible_ids(candidate, CONFIGURATION)
    found: dict[UUID, Answered] = {
        first: Answered(
            id=first,
            tenant="default",
            channel=channel,
            account=account,
            reference="wamid.IN",
            sender_hash=address_hash("+15550002222"),
        )
    }
    return answer(candidate, found, CONFIGURATION)


@pytest.mark.parametrize("part", [REACTION, {"read_receipt": {}}])
def test_what_came_on_another_channel_cannot_be_reacted_to(part: dict[str, Any]) -> None:
    """No call could be made of it, so the command is refused and says why."""
    with pytest.raises(UnusableError) as caught:
        answered_on("sms", "twilio-main", content=part)
    assert caught.value.field == "in_reply_to"
    assert caught.value.reason == "no step of the route can be about that message"


def test_a_reaction_goes_by_the_number_that_was_written_to() -> None:
    """Only that number knows the message."""
    candidate = answered_on("whatsapp", "wa-main", content=REACTION)
    assert [step.account for step in candidate.message.plan.steps] == ["wa-main"]
    said = json.loads(candidate.contents)["whatsapp"]
    assert said["in_reply_to"] == {"reference": "wamid.IN", "account": "wa-main"}


def test_a_step_that_says_something_else_is_kept() -> None:
    """Words for SMS need no message that they are about."""
    content = REACTION | {"overrides": {"sms": {"text": "Thanks"}}}
    candidate = answered_on("sms", "twilio-main", content=content)
    assert [step.channel for step in candidate.message.plan.steps] == ["whatsapp", "sms"]
