"""What SNS signs: known answers, what passes, and everything that must not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from herald.providers.ses.certificates import Fetched
from herald.providers.ses.sns import SnsPlace, read_envelope
from herald.providers.ses.webhooks import SesEndpoint
from herald.providers.webhook_endpoints import UnverifiableError
from herald.providers.webhook_requests import WebhookRequest
from unit.providers.golden import request
from unit.providers.ses.signing_keys import (
    CERTIFICATE_URL,
    TOPIC,
    Web,
    certificate,
    certificates,
    notification,
    private_key,
    signed,
    subscription,
)

OTHER_TOPIC = "arn:aws:sns:us-east-1:999999999999:ses-events"


def called(fields: dict[str, Any], **headers: str) -> WebhookRequest:
    """Make the request that brings an envelope; `headers` say otherwise than it does."""
    named = {
        "x-amz-sns-message-type": fields.get("Type", ""),
        "x-amz-sns-message-id": fields.get("MessageId", ""),
        "x-amz-sns-topic-arn": fields.get("TopicArn", ""),
        **{f"x-amz-sns-{name}": value for name, value in headers.items()},
    }
    heads = {name.encode(): str(value).encode("latin-1") for name, value in named.items()}
    return replace(request(json.dumps(fields).encode()), headers=heads)


def endpoint(web: Web | None = None, **parts: Any) -> SesEndpoint:
    web = web or Web()
    fields = {"topics": frozenset({TOPIC}), "certificates": certificates(web), "get": web}
    return SesEndpoint(account="ses-main", **{**fields, **parts})


def test_canonical_string() -> None:
    """What is signed of a notification has a known digest, by both hashes."""
    fields = notification(
        '{"eventType":"Delivery"}\n', Timestamp="2026-01-19T12:00:00.000Z", SignatureVersion="1"
    )
    envelope = read_envelope(fields)
    assert envelope is not None
    assert hashlib.sha256(envelope.canonical).hexdigest() == (
        "e18b793e7c2ab3a68b227f7abb3569ab7b8fe08e6e73a81dd1b9b736bc993775"
    )
    assert hashlib.sha1(envelope.canonical, usedforsecurity=False).hexdigest() == (
        "1baa8e0d6591afdfb20e8ae6c4bb2200018f9653"
    )


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("fields", [notification(), subscription(), notification("Grüße\n")])
async def test_what_sns_signed_is_authentic(version: str, fields: dict[str, str]) -> None:
    """Both versions of the signature pass, of every kind of message."""
    assert await endpoint().verify(called(signed(fields, version=version)))


async def test_a_message_without_a_subject() -> None:
    """It is signed without that line; so is one whose subject is null."""
    fields = notification()
    del fields["Subject"]
    assert await endpoint().verify(called(signed(fields)))
    assert await endpoint().verify(called({**signed(fields), "Subject": None}))
    assert not await endpoint().verify(called({**signed(fields), "Subject": "x"}))


@pytest.mark.parametrize(
    "changes",
    [
        *({"Message": "y"}, {"Timestamp": "2026-01-19T12:00:03.000Z"}, {"Subject": "y"}),
        *({"Type": "Other"}, {"Type": None}, {"MessageId": 7}, {"TopicArn": OTHER_TOPIC}),
        *({"Signature": ""}, {"Signature": "!"}, {"Signature": "AAAA"}, {"Signature": None}),
        *({"SignatureVersion": "3"}, {"SignatureVersion": ""}, {"SignatureVersion": 2}),
        *({"SignatureVersion": "1"}, {"Signature": "é"}, {"SigningCertURL": None}),
    ],
)
async def test_what_differs_is_not_authentic(changes: dict[str, Any]) -> None:
    """A changed field, a broken signature and another version are refused, and raise nothing."""
    assert not await endpoint().verify(called({**signed(notification()), **changes}))


@pytest.mark.parametrize(
    "headers",
    [
        *({"message-type": "SubscriptionConfirmation"}, {"message-id": "other"}),
        *({"topic-arn": OTHER_TOPIC}, {"topic-arn": ""}, {"message-id": "\xff"}),
    ],
)
async def test_the_head_says_what_the_body_says(headers: dict[str, str]) -> None:
    """A head that names another message is refused."""
    assert not await endpoint().verify(called(signed(notification()), **headers))


async def test_another_topic_of_amazons() -> None:
    """A signature of SNS's own proves no topic: one that is not allowed is not looked up."""
    web = Web()
    fields = signed(notification(TopicArn=OTHER_TOPIC))
    assert not await endpoint(web).verify(called(fields))
    assert not await endpoint(web, topics=frozenset()).verify(called(signed(notification())))
    assert web.asked == []


async def test_another_key() -> None:
    """What another key signed is refused, also with a certificate of Amazon's."""
    assert not await endpoint().verify(called(signed(notification(), private_key("other"))))


GOOD_URLS = [
    CERTIFICATE_URL,
    "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0A1b2C.pem",
    "HTTPS://SNS.eu-central-1.AMAZONAWS.com/simplenotificationservice-1.PEM",
]
BAD_URLS = [
    "",
    "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-abc123.pem",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-abc123.pem\n",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-abc123.pem?x=1",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-abc123.pem#x",
    "https://sns.us-east-1.amazonaws.com/x/SimpleNotificationService-abc123.pem",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-.pem",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a/../b.pem",
    "https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-abc123.pem",
    "https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-abc123.pem",
    "https://user@sns.us-east-1.amazonaws.com/SimpleNotificationService-abc123.pem",
    "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-abc123.pem",
    "https://sns.us-east-1.amazonaws.com.cn.evil.example/SimpleNotificationService-abc123.pem",
    "https://sns.us-east-1.s3.amazonaws.com/SimpleNotificationService-abc123.pem",
    "https://sns.s3.amazonaws.com.evil.example/SimpleNotificationService-abc123.pem",
    "https://evil.s3.amazonaws.com/SimpleNotificationService-abc123.pem",
    "https://snsxus-east-1.amazonaws.com/SimpleNotificationService-abc123.pem",
    "https://sns.us-east-1.amazonawsxcom/SimpleNotificationService-abc123.pem",
    "https://\u017fns.us-east-1.amazonaws.com/SimpleNotificationService-abc123.pem",
]


@pytest.mark.parametrize("url", GOOD_URLS)
def test_where_certificates_are(url: str) -> None:
    """On Amazon's own hosts, by SNS's names."""
    assert SnsPlace().has_certificate(url)


@pytest.mark.parametrize("url", BAD_URLS)
async def test_where_certificates_are_not(url: str) -> None:
    """URLs are compared whole; nothing else is fetched."""
    web = Web()
    assert not SnsPlace().has_certificate(url)
    assert not await endpoint(web).verify(called(signed(notification(SigningCertURL=url))))
    assert web.asked == []


def test_a_stand_ins_certificates_must_be_configured() -> None:
    """Amazon's are none of it then, and only its own URL counts."""
    place = SnsPlace("http://127.0.0.1:8010/ses")
    name = "/SimpleNotificationService-abc123.pem"
    assert place.has_certificate(f"http://127.0.0.1:8010/ses{name}")
    for url in (
        CERTIFICATE_URL,
        f"http://127.0.0.1:8010{name}",
        f"http://127a0.0.1:8010/ses{name}",
    ):
        assert not place.has_certificate(url)
    assert not SnsPlace().has_certificate(f"http://127.0.0.1:8010/ses{name}")


async def test_bodies_that_are_no_envelope() -> None:
    """Raw delivery and nonsense are not authentic, and raise nothing."""
    good = called(signed(notification()))
    for body in (b"", b"{", b"[]", b"7", b"\xff", b'{"eventType": "Send"}', b"[" * 5000):
        assert not await endpoint().verify(replace(good, body=body))


async def test_a_subscription_is_confirmed_where_that_is_wanted() -> None:
    """Herald calls a URL of its own making, never the one that came along."""
    link = (
        "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"
        "&TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3Ases-events"
        "&Token=2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92"
    )
    web = Web(**{link: Fetched(200, b"<ConfirmSubscriptionResponse/>")})
    asking = endpoint(web, confirms=True)
    assert await asking.verify(called(signed(subscription())))
    assert web.asked == [CERTIFICATE_URL, link]
    [receipt] = asking.normalise(called(signed(subscription()))).receipts
    assert receipt.kind == "account"
    assert (receipt.status, receipt.reason) == ("confirmed", None)


@pytest.mark.parametrize("fields", [subscription(), subscription("UnsubscribeConfirmation")])
async def test_nothing_is_confirmed_unasked(fields: dict[str, str]) -> None:
    """Neither where it is not wanted, nor one that was ended."""
    web = Web()
    confirms = fields["Type"] != "SubscriptionConfirmation"
    assert await endpoint(web, confirms=confirms).verify(called(signed(fields)))
    assert web.asked == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    "fields",
    [
        subscription(TopicArn=OTHER_TOPIC),
        signed(subscription(), private_key("other")),
    ],
)
async def test_nobody_else_gets_a_confirmation(fields: dict[str, str]) -> None:
    """A topic that is not allowed and a signature of another's are never confirmed."""
    web = Web()
    whole = fields if "Signature" in fields else signed(fields)
    assert not await endpoint(web, confirms=True).verify(called(whole))
    assert [url for url in web.asked if "Confirm" in url] == []


@pytest.mark.parametrize("token", ["short", "a&Action=Publish", "../x", "", "é"])
async def test_a_confirmation_that_fails_is_tried_again(token: str) -> None:
    """SNS sends the request again after a 503; a token that is none is never put into a URL."""
    web = Web()
    with pytest.raises(UnverifiableError, match="confirmation"):
        await endpoint(web, confirms=True).verify(called(signed(subscription(Token=token))))
    assert all("Publish" not in url for url in web.asked)


async def test_small_keys_are_refused() -> None:
    """A certificate with one counts as none."""
    small = generate_private_key(65537, 1024)  # noqa: S505  see above
    web = Web(**{CERTIFICATE_URL: Fetched(200, certificate(small))})
    assert not await endpoint(web).verify(called(signed(notification(), small)))
