"""Which steps can say what is more than a text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from herald.config.file import HeraldFile
from herald.contracts.vocabulary import Lane
from router.commands import Candidate, Rejection
from unit.router.making import NOW
from unit.router.offering import DOCUMENT, envelope, offered, read_send, refused

BUTTONS = [{"id": "yes", "title": "Yes"}]
PLACE = {"latitude": 1, "longitude": 2}
ORDER = {"name": "HXorder", "header": {"location": PLACE}}


def said_on(candidate: Candidate) -> dict[str, dict[str, Any]]:
    contents: dict[str, dict[str, Any]] = json.loads(candidate.contents)
    return contents


def test_a_channel_without_buttons_is_left_out() -> None:
    """What would be a question without its answers is not sent."""
    candidate = offered(content={"text": "Which?", "subject": "Hi", "buttons": BUTTONS})
    assert [step.channel for step in candidate.message.plan.steps] == ["whatsapp"]
    assert candidate.skipped == (
        (2, "twilio can't send buttons on sms"),
        (3, "smtp can't send buttons on email"),
    )


def test_words_of_its_own_stand_for_what_it_cannot_send() -> None:
    """A channel with an override says that, without the rich parts it has no form for."""
    sms = {"text": "Answer YES"}
    candidate = offered(
        content={"text": "Which?", "buttons": BUTTONS, "footer": "x", "overrides": {"sms": sms}}
    )
    assert [step.channel for step in candidate.message.plan.steps] == ["whatsapp", "sms"]
    said = said_on(candidate)
    assert said["sms"] == {"text": "Answer YES", "media": []}
    assert said["whatsapp"]["buttons"] == BUTTONS


def test_an_override_is_held_to_what_it_says_itself() -> None:
    """Buttons that are asked for on SMS are not dropped, for somebody meant them."""
    sms = {"text": "Which?", "buttons": BUTTONS}
    rejection = refused(content={"text": "x", "overrides": {"sms": sms}}, route="sms")
    assert rejection.field == "content.overrides.sms.buttons"


@pytest.mark.parametrize("part", [{"reaction": {"emoji": "x"}}, {"read_receipt": {}}])
def test_what_is_about_a_message_needs_to_name_it(part: dict[str, Any]) -> None:
    """Nobody could tell which message is meant."""
    name = next(iter(part))
    reason = f"a {name} needs in_reply_to, the message it is about"
    for content in (part, {"text": "x", "overrides": {"whatsapp": part}}):
        assert refused(content=content).reason == reason
        assert offered(content=content, in_reply_to="wamid.IN").in_reply_to == "wamid.IN"


TWILIO = {
    "provider": "twilio",
    "channel": "whatsapp",
    "account_sid": "AC" + "0" * 32,
    "messaging_service_sid": "MG" + "0" * 32,
}


@pytest.mark.parametrize(
    ("content", "accounts", "reason"),
    [
        ({"location": PLACE}, ["twilio"], None),
        ({"text": "x", "buttons": BUTTONS}, ["twilio"], "twilio can't send buttons on whatsapp"),
        ({"text": "x", "buttons": BUTTONS}, ["twilio", "meta"], None),
        ({"template": ORDER}, ["twilio"], "twilio can't send template.header on whatsapp"),
        ({"template": ORDER}, ["meta"], None),
    ],
)
def test_one_account_that_can_is_enough(
    content: dict[str, Any], accounts: list[str], reason: str | None
) -> None:
    """A step is usable where any of its accounts has a form for what is said."""
    known = {"twilio": TWILIO, "meta": DOCUMENT["accounts"]["wa-main"]}
    document = DOCUMENT | {
        "accounts": {name: known[name] for name in accounts},
        "tenants": {"default": {"route": "default"}},
        "routes": {"default": {"steps": [{"channel": "whatsapp"}]}},
        "senders": {},
    }
    configuration = HeraldFile.model_validate_json(json.dumps(document))
    result = read_send(envelope(content=content), configuration, Lane.NORMAL, NOW)
    if reason is None:
        assert isinstance(result, Candidate), result
    else:
        assert isinstance(result, Rejection)
        assert reason in result.reason
