"""What Amazon SES is asked to send."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from herald.contracts.failures import Failure
from herald.providers.ses.account import SesAccount
from herald.providers.ses.names import tag_of
from herald.providers.ses.send import write_mail
from unit.channel_email.making import ATTEMPT, TO, work
from unit.channel_email.test_attachments import PNG, rendered
from unit.providers.ses.making import ACCOUNT, NOW, mail_for

LINK = "https://files.example.com/a.pdf"


def asked(*arguments: Any) -> dict[str, Any]:
    found = mail_for(*arguments)
    assert not isinstance(found, Failure)
    return found


def read(mail: dict[str, Any]) -> EmailMessage:
    """Read the MIME of a request."""
    return message_from_bytes(b64decode(mail["Content"]["Raw"]["Data"]), policy=default)


def test_a_mail_goes_as_it_goes_to_every_relay() -> None:
    """Its MIME has sender, names, subject and both bodies; beside it stand recipient and tag."""
    content = {"text": "Hello", "html": "<p>Hello</p>", "subject": "Grüße"}
    mail = asked(work(content, recipient_name="Ada Å"))
    mime = read(mail)
    assert mime["From"] == "Herald <no-reply@example.com>"
    assert mime["To"] == f"Ada Å <{TO}>"
    assert mime["Subject"] == "Grüße"
    assert mime["Message-ID"] == f"<{ATTEMPT}@example.com>"
    assert [part.get_content_type() for part in mime.iter_parts()] == ["text/plain", "text/html"]
    assert {name: value for name, value in mail.items() if name != "Content"} == {
        "Destination": {"ToAddresses": [TO]},
        "EmailTags": [{"Name": "herald_attempt", "Value": ATTEMPT.replace(".", "_")}],
        "ConfigurationSetName": "herald",
    }


def test_one_click_unsubscribes() -> None:
    """A mail with a link has both headers of RFC 8058, one of a template, too."""
    url = "https://hooks.example.com/unsubscribe/t"
    mime = read(asked(work({"text": "Hello"}, unsubscribe_url=url)))
    assert mime["List-Unsubscribe"] == f"<{url}>"
    assert mime["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    mail = asked(work({"template": {"name": "welcome"}}, unsubscribe_url=url))
    assert mail["Content"]["Template"]["Headers"] == [
        {"Name": "List-Unsubscribe", "Value": f"<{url}>"},
        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
    ]


def test_a_template_of_its_own() -> None:
    """SES fills in its template; the sender's name is written as a header has it."""
    template = {"name": "welcome", "variables": {"name": 'A "B"'}}
    content = {"template": template, "in_reply_to": {"reference": "<a@b.example>"}}
    mail = asked(work(content, sender="Grüße <no-reply@example.com>"))
    assert mail["FromEmailAddress"] == "=?utf-8?b?R3LDvMOfZQ==?= <no-reply@example.com>"
    assert mail["Content"] == {
        "Template": {
            "TemplateName": "welcome",
            "TemplateData": '{"name":"A \\"B\\""}',
            "Headers": [
                {"Name": "In-Reply-To", "Value": "<a@b.example>"},
                {"Name": "References", "Value": "<a@b.example>"},
            ],
        }
    }


def test_another_providers_template_is_ignored() -> None:
    """Its names follow no pattern: only those that the account lists are SES's."""
    mail = asked(work({"text": "Hello", "template": {"name": "order"}}))
    assert read(mail).get_content() == "Hello\r\n"


def test_files_go_along() -> None:
    """Attachments are in the MIME; beside a template they stand by themselves."""
    media: list[dict[str, Any]] = [
        {"url": LINK, "attach": True},
        {"url": LINK, "content_id": "logo"},
    ]
    content = rendered(media, ["../a.pdf", "b.png"], text="x", html="<p>x</p>")
    mail = write_mail(ACCOUNT, work(), content, NOW)
    assert not isinstance(mail, Failure)
    names = {part.get_filename() for part in read(mail).walk()}
    assert names >= {"a.pdf", "b.png"}


@pytest.mark.parametrize(("to", "sender"), [("adå@example.org", None), (TO, "x@grüße.example")])
def test_addresses_outside_ascii(to: str, sender: str | None) -> None:
    """SES has no SMTPUTF8: another step may reach them."""
    failure = mail_for(work(to=to, sender=sender or "no-reply@example.com"))
    assert isinstance(failure, Failure)
    assert (failure.failure_class, failure.code) == ("unreachable", "smtputf8_unsupported")


def test_a_head_that_cannot_be_written_is_refused() -> None:
    """No subject adds a header."""
    failure = mail_for(work({"text": "x", "subject": "x\r\nBcc: y@z.example"}))
    assert isinstance(failure, Failure)
    assert failure.code == "bad_header"


def test_tags_come_back_as_they_went() -> None:
    """A tag's value has no dots at SES, and comes back in a list."""
    [tag] = asked(work(lane="bulk"))["EmailTags"]
    assert tag_of([tag["Value"]]) == f"{ATTEMPT}.b"
    strange: list[object] = [None, [], [1], {}, 7]
    assert [tag_of(value) for value in strange] == [None] * 5


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-central-1", "https://email.eu-central-1.amazonaws.com"),
        ("us-gov-west-1", "https://email.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "https://email.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_each_region_has_its_own_api(region: str, url: str) -> None:
    """Nobody has to write the URL."""
    assert SesAccount(provider="ses", region=region).base_url == url


def test_files_of_a_template() -> None:
    """They go as SES names them."""
    content = rendered([{"url": LINK, "attach": True}], ["a.pdf"], text="x")
    held = work({"template": {"name": "welcome"}})
    mail = write_mail(ACCOUNT, held, replace(content, template=held.content.template), NOW)
    assert not isinstance(mail, Failure)
    assert mail["Content"]["Template"]["Attachments"] == [
        {
            "FileName": "a.pdf",
            "RawContent": b64encode(PNG).decode(),
            "ContentType": "image/png",
            "ContentDisposition": "ATTACHMENT",
        }
    ]
