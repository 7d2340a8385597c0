"""Templates of herald.toml in commands: what is accepted, and what a later edit does not touch."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from msgspec.structs import replace

from herald.config.file import HeraldFile
from herald.contracts.operator_commands import ResendMessage
from herald.contracts.vocabulary import Lane, Outcome
from herald.contracts.work import WorkContent
from router.commands import Candidate, EndedMessage, Envelope, Rejection
from router.outgoing.plans import open_plan
from router.parsing.resend import resend
from router.store.messages import read_contents
from unit.router.making import NOW
from unit.router.offering import DOCUMENT, envelope, read_send

ORDER: dict[str, Any] = {
    "version": 2,
    "variables": {"name": {"longest": 20}},
    "locales": {
        "en": {"text": "Hello {{ name }}", "subject": "Your order"},
        "de": {
            "text": "Hallo {{ name }}",
            "overrides": {
                "whatsapp": {
                    # called as one of herald.toml is, too
                    "template": {
                        "name": "order",
                        "language": "de",
                        "variables": {"1": "{{ name }}"},
                    }
                }
            },
        },
    },
}


def configured(order: dict[str, Any] = ORDER) -> HeraldFile:
    document = deepcopy(DOCUMENT) | {"templates": {"order": order}}
    return HeraldFile.model_validate_json(json.dumps(document))


CONFIGURATION = configured()


def read(locale: str | None = None, **content: Any) -> Candidate | Rejection:
    to = {"phone": "+15550002222", "email": "jane@example.com", "locale": locale}
    arrived = envelope(to={k: v for k, v in to.items() if v}, content=content)
    return read_send(arrived, CONFIGURATION, Lane.NORMAL, NOW)


def said(candidate: Candidate | Rejection) -> dict[str, WorkContent]:
    assert isinstance(candidate, Candidate), candidate
    return dict(read_contents(candidate.contents))


def order(**changes: Any) -> dict[str, Any]:
    return {"name": "order", "variables": {"name": "Ann"}, **changes}


def test_its_texts_are_the_content_of_each_channel() -> None:
    """In the recipient's language; the history says which texts those were."""
    candidate = read("de-AT", template=order(), subject="Hi")
    contents = said(candidate)
    assert contents["sms"].text == "Hallo Ann"
    assert contents["sms"].template is None
    assert contents["email"].subject == "Hi"  # the German texts have none
    held = contents["whatsapp"].template
    assert held is not None
    assert (held.name, held.language, held.variables) == ("order", "de", {"1": "Ann"})
    assert isinstance(candidate, Candidate)
    assert ("step:2:template", "sms says order version 2, de") in candidate.notes


def test_a_dry_run_says_which_texts_it_would_be() -> None:
    """Beside what the channel says of them."""
    candidate = read("de", template=order(), subject="Hi")
    assert isinstance(candidate, Candidate)
    plan = open_plan(candidate, {}, NOW)
    assert [step.says for step in plan.data.steps] == ["order version 2, de"] * 3


def test_a_language_that_the_command_names_comes_first() -> None:
    """Before the recipient's."""
    assert said(read("de", template=order(language="en")))["sms"].text == "Hello Ann"


def test_what_a_channel_says_of_its_own_stays() -> None:
    """A command knows better for that channel."""
    contents = said(read(template=order(), overrides={"sms": {"text": "Short"}}))
    assert contents["sms"].text == "Short"
    assert contents["email"].text == "Hello Ann"
    named_there = read(text="Hi", overrides={"sms": {"text": "Short", "template": order()}})
    assert said(named_there)["sms"].text == "Hello Ann"


def test_an_unknown_name_is_the_providers() -> None:
    """As before there were any here; its variables and name are left alone."""
    held = said(read(text="Hi", template={"name": "other", "variables": {"1": "x"}}))
    assert held["whatsapp"].template is not None
    assert held["whatsapp"].template.variables == {"1": "x"}


@pytest.mark.parametrize(
    ("content", "field", "reason"),
    [
        ({"template": {"name": "order"}}, "content.template.variables.name", "missing"),
        (
            {"template": order(variables={"name": "x" * 21})},
            "content.template.variables.name",
            "longer than 20 characters",
        ),
        (
            {"template": order(variables={"name": "Ann", "colour": "red"})},
            "content.template.variables.colour",
            "no such variable; known: name",
        ),
        ({"template": order(version=9)}, "content.template.version", "no such version; known: 2"),
        (
            {"text": "Hi", "template": {"name": "other", "version": 1}},
            "content.template.version",
            "only templates in herald.toml have versions",
        ),
        (
            {"text": "Hi", "overrides": {"sms": {"template": {"name": "order"}}}},
            "content.overrides.sms.template.variables.name",
            "missing",
        ),
    ],
)
def test_what_does_not_suit_is_refused(content: dict[str, Any], field: str, reason: str) -> None:
    """With the field at fault, before anything is sent."""
    refused = read(**content)
    assert isinstance(refused, Rejection)
    assert (refused.field, refused.reason) == (field, reason)


def test_a_text_too_long_for_a_channel_is_the_templates() -> None:
    """Whoever wrote the command looks there."""
    long = deepcopy(ORDER) | {"locales": {"en": {"text": "x" * 2000 + "{{ name }}"}}}
    arrived = envelope(content={"template": order()}, route="sms")
    refused = read_send(arrived, configured(long), Lane.NORMAL, NOW)
    assert isinstance(refused, Rejection)
    assert refused.field == "content.template"


def test_a_message_sent_again_says_what_it_said() -> None:
    """Not what the template says today; a name that the provider has stays the provider's."""
    candidate = read("de", template=order(), subject="Hi")
    assert isinstance(candidate, Candidate)
    ended = EndedMessage(
        message=replace(candidate.message, outcome=Outcome.FAILED),
        contents=said(candidate),
        command_hash=candidate.command_hash,
        resent_as=None,
    )
    edited = deepcopy(ORDER)
    edited["locales"]["de"]["text"] = "Servus {{ name }}"
    by_operator = Envelope(body=b"{}", routing_key="message.resend", message_id="m-1", user="ops")
    command = ResendMessage(id=ended.message.id)
    again = said(resend(by_operator, command, ended, configured(edited), NOW))
    assert again["sms"].text == "Hallo Ann"
    assert again["whatsapp"].template == said(candidate)["whatsapp"].template
