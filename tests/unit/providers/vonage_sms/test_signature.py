"""Signatures of Vonage's SMS API: its published answers, and everything that must not pass."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.vonage_sms.signature import SignatureMethod, is_vonage_signature, signature
from herald.providers.webhook_requests import WebhookRequest
from unit.providers.golden import ENDPOINTS, RECEIVED_AT
from unit.providers.golden import request as plain_request

SECRET = b"my_secret_key_for_testing"
FIELDS = {
    "message-timestamp": "2013-11-21 15:27:30",
    "messageId": "020000001B0FE827",
    "msisdn": "14843472194",
    "text": "Test again",
    "timestamp": "1385047698",
    "to": "13239877404",
    "type": "text",
}
NOW = datetime.fromtimestamp(1385047698, UTC)
WINDOW = timedelta(minutes=5)
WORDS = st.text(max_size=5)
# published with Vonage's Ruby library
ANSWERS: dict[SignatureMethod, str] = {
    "md5hash": "d2e7b1dc968737c5998ad624e02f90b7",
    "md5": "DDEBD46008C2D4E93CCE578A332A52D5",
    "sha1": "27D0D05C2876C7CB1720DBCDBA4D492E1E55C09A",
    "sha256": "DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330",
    "sha512": "E0D3C650F8C9D1A5C174D10DDDBFB003E561F59B265616208B0487C5D819481CD3C311D59CF6165ECD1"
    "139622D5BA3A256C0D763AC4A9AD9144B5A426B94FE82",
}


def is_authentic(
    fields: dict[str, str],
    sig: str,
    *secrets: bytes,
    method: SignatureMethod = "sha256",
    now: datetime = NOW,
) -> bool:
    sent = [*fields.items(), ("sig", sig)]
    return is_vonage_signature(sent, secrets or (SECRET,), method, now, WINDOW)


@pytest.mark.parametrize("method", ANSWERS)
def test_published_answers(method: SignatureMethod) -> None:
    """Each scheme gives what Vonage publishes, in either case, fields in any order."""
    assert signature(FIELDS, SECRET, method) == ANSWERS[method].lower()
    turned = dict(reversed(FIELDS.items()))
    for sig in (ANSWERS[method], ANSWERS[method].lower()):
        assert is_authentic(turned, sig, b"other", SECRET, method=method)


@pytest.mark.parametrize("value", ["&", "=", "_"])
def test_separators_in_values_are_underscores(value: str) -> None:
    """Published, too: a value can't add a field to what is signed."""
    assert signature({"k": value}, SECRET, "md5hash") == "c3d6a686ab9c7e7408bb1c0506e9629a"


def test_refuses_what_differs() -> None:
    """Another secret, scheme, field, value, time or signature is not authentic."""
    good = ANSWERS["sha256"]
    assert not is_authentic(FIELDS, good, b"other")
    assert not is_authentic(FIELDS, good, b"")
    assert not is_authentic(FIELDS, good, method="sha512")
    assert not is_authentic({**FIELDS, "status": "delivered"}, good)
    assert not is_authentic({**FIELDS, "text": "Test  again"}, good)
    for sig in ("", good[:-1], good + "0", "ü", "\ud800"):
        assert not is_authentic(FIELDS, sig)
    assert not is_vonage_signature(list(FIELDS.items()), [SECRET], "sha256", NOW, WINDOW)


def test_a_signature_is_good_for_minutes() -> None:
    """An old one, one of the future, and one without a time are refused."""
    good = ANSWERS["sha256"]
    assert is_authentic(FIELDS, good, now=NOW + WINDOW)
    assert not is_authentic(FIELDS, good, now=NOW + WINDOW + timedelta(seconds=1))
    assert not is_authentic(FIELDS, good, now=NOW - WINDOW - timedelta(seconds=1))
    for timestamp in (None, "", "soon", "1e9"):
        fields = {name: value for name, value in FIELDS.items() if name != "timestamp"}
        fields |= {} if timestamp is None else {"timestamp": timestamp}
        assert not is_authentic(fields, signature(fields, SECRET, "sha256"))


def test_no_field_hides_in_another() -> None:
    """A field that is there twice, or whose name holds another field, is not what was signed."""
    good = ANSWERS["sha256"]
    sent = [("text", "Forged"), *FIELDS.items(), ("sig", good)]
    assert not is_vonage_signature(sent, [SECRET], "sha256", NOW, WINDOW)
    merged = {name: value for name, value in FIELDS.items() if name not in {"messageId", "msisdn"}}
    merged[f"messageId={FIELDS['messageId']}&msisdn"] = FIELDS["msisdn"]
    assert signature(merged, SECRET, "sha256") == good.lower()
    assert not is_authentic(merged, good)


@given(
    sent=st.lists(st.tuples(WORDS, WORDS), max_size=3),
    sig=WORDS,
    timestamp=WORDS | st.just("1385047698"),
)
def test_it_never_raises(sent: list[tuple[str, str]], sig: str, timestamp: str) -> None:
    """Whatever is sent, the answer is no."""
    sent = [*sent, ("sig", sig), ("timestamp", timestamp)]
    assert is_vonage_signature(sent, [b"secret"], "sha256", NOW, WINDOW) is False


def signed(changes: dict[str, str] | None = None) -> dict[str, str]:
    fields = {
        "messageId": "0A1",
        "status": "delivered",
        "err-code": "0",
        "text": "Grüße",
        "timestamp": str(int(RECEIVED_AT.timestamp())),
        **(changes or {}),
    }
    return {**fields, "sig": signature(fields, b"signature-secret", "sha256")}


def form(fields: dict[str, str]) -> WebhookRequest:
    return plain_request(urlencode(fields).encode())


def test_every_way_that_vonage_calls() -> None:
    """A GET, a form and a JSON body are signed alike; a number is signed as its digits."""
    endpoint, fields = ENDPOINTS["vonage_sms"], signed()
    assert endpoint.verify(form(fields)) is True
    assert endpoint.verify(plain_request(urlencode(fields).encode(), method="GET")) is True
    document = {**fields, "err-code": 0, "timestamp": int(fields["timestamp"])}
    assert endpoint.verify(plain_request(json.dumps(document).encode())) is True


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"%FF",
        b'{"sig": []}',
        b'{"sig": "a", "timestamp": 1e9}',
        b"&" * 2000,
        b"a&" * 2000,
    ],
)
def test_a_body_that_cant_be_signed(body: bytes) -> None:
    """What Vonage would never send is not authentic; nothing is raised."""
    assert ENDPOINTS["vonage_sms"].verify(plain_request(body)) is False
    assert ENDPOINTS["vonage_sms"].verify(plain_request(body, method="GET")) is False
