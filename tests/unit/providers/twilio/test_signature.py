"""Twilio's signature: published and own known answers, and everything that must not pass."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.twilio.signature import Fields, is_twilio_body_hash, is_twilio_signature
from herald.providers.webhook_requests import fields_of

CALL: Fields = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]
REPEATED: Fields = [
    ("Sid", "CA123"),
    ("SidAccount", "AC123"),
    ("Digits", "5678"),
    ("Digits", "1234"),
    ("Digits", "1234"),
]
PUBLIC = "https://mycompany.com/myapp.php?foo=1&bar=2"
JSON_BODY = b'{"property": "value", "boolean": true}'
JSON_HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
TWILIO_CALLS = [
    (PUBLIC, CALL, b"RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    (PUBLIC, REPEATED, b"IK+Dwps556ElfBT0I3Rgjkr1wJU="),
    (PUBLIC, CALL, b"kvajT1Ptam85bY51eRf/AJRuM3w="),  # signed with the port in the URL
    ("https://mycompany.com:443/myapp.php?foo=1&bar=2", CALL, b"RSOYDt4T1cUTdK1PDd93/VVr8B8="),
    ("https://mycompany.com:443/myapp.php?foo=1&bar=2", CALL, b"kvajT1Ptam85bY51eRf/AJRuM3w="),
    ("http://mycompany.com:80/myapp.php?foo=1&bar=2", CALL, b"0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ("http://mycompany.com/myapp.php?foo=1&bar=2", CALL, b"0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ("http://mycompany.com:1234/myapp.php?foo=1&bar=2", CALL, b"Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    (f"{PUBLIC}&bodySHA256={JSON_HASH}", [], b"a9nBmqA0ju/hNViExpshrM61xv4="),
]
STATUS_URL = "https://gw.example.com/webhooks/twilio/status?mid=01HZX%2F1&x=a+b"
STATUS_TOKEN = b"0123456789abcdef0123456789abcdef"
STATUS: Fields = [
    ("AccountSid", "AC" + "0" * 32),
    ("ApiVersion", "2010-04-01"),
    ("ErrorCode", "30003"),
    ("From", "+15550001111"),
    ("MessageSid", "SM" + "1" * 32),
    ("SmsSid", "SM" + "1" * 32),
    ("MessageStatus", "undelivered"),
    ("SmsStatus", "undelivered"),
    ("To", "+15550002222"),
    ("RawDlrDoneDate", "2601191200"),
]


@pytest.mark.parametrize(("url", "fields", "signature"), TWILIO_CALLS)
def test_known_answers(url: str, fields: Fields, signature: bytes) -> None:
    """Known signatures of Twilio's scheme pass, with and without a port, fields in any order."""
    assert is_twilio_signature(signature, url, fields, [b"12345"])
    assert is_twilio_signature(signature, url, fields[::-1], [b"other", b"12345"])


def test_own_known_answers() -> None:
    """A query is signed as it was sent, and an empty field takes part."""
    signature = b"003Bwgm8A+ltYbTth6Y+VIH2eH8="
    assert is_twilio_signature(signature, STATUS_URL, STATUS, [STATUS_TOKEN])
    decoded = STATUS_URL.replace("%2F", "/").replace("+", " ")
    assert not is_twilio_signature(signature, decoded, STATUS, [STATUS_TOKEN])
    empty = [(name, "" if name == "ErrorCode" else value) for name, value in STATUS]
    signature = b"+gL6nx4woZDLCYeRG592XYV8n5E="
    assert is_twilio_signature(signature, STATUS_URL, empty, [STATUS_TOKEN])
    assert is_twilio_signature(
        signature, STATUS_URL, fields_of(urlencode(empty).encode()), [STATUS_TOKEN]
    )


def test_refuses_what_differs() -> None:
    """Another token, URL, port, field, value or header is not authentic."""
    signature = b"RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert not is_twilio_signature(signature, PUBLIC, CALL, [b"1234"])
    assert not is_twilio_signature(signature, PUBLIC, CALL, [])
    assert not is_twilio_signature(signature, PUBLIC, CALL, [b""])
    assert not is_twilio_signature(signature, PUBLIC, [*CALL, ("New", "")], [b"12345"])
    assert not is_twilio_signature(signature, PUBLIC, [*CALL, ("New", "1")], [b"12345"])
    assert not is_twilio_signature(signature, PUBLIC, CALL[1:], [b"12345"])
    for url in (
        PUBLIC + "&",
        PUBLIC.replace("https", "http"),
        PUBLIC.replace(".com", ".com:8443/x"),
    ):
        assert not is_twilio_signature(signature, url, CALL, [b"12345"])
    for header in (None, b"", b"\xff\xfe", signature[:-1], signature + b"="):
        assert not is_twilio_signature(header, PUBLIC, CALL, [b"12345"])


def test_body_hash_binds_a_json_body() -> None:
    """The hash in the signed URL is that of the raw body, in lower case."""
    assert is_twilio_body_hash(JSON_HASH, JSON_BODY)
    assert not is_twilio_body_hash(JSON_HASH, JSON_BODY + b"\n")
    for claimed in ("", JSON_HASH.upper(), "ü", JSON_HASH[:-1]):
        assert not is_twilio_body_hash(claimed, JSON_BODY)


@given(
    header=st.binary() | st.none(),
    body=st.binary(),
    url=st.text(),
    fields=st.lists(st.tuples(st.text(), st.text())),
)
def test_it_never_raises(
    header: bytes | None, body: bytes, url: str, fields: list[tuple[str, str]]
) -> None:
    """Whatever is sent, it answers no instead of raising."""
    assert is_twilio_signature(header, url, fields, [b"secret"]) is False
    assert is_twilio_body_hash(url, body) is False
