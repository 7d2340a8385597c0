"""Signature Version 4: AWS's own test suite, and the examples of its documentation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from herald.providers.ses.signing import AwsCall, Keys, signed_headers, signing_key

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPf"
    "IeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7W"
    "Z0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8F"
    "DrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

# of aws-sig-v4-test-suite: method, path, headers, body, session token, signed headers, signature
SUITE = {
    "get-vanilla": (
        *("GET", "/", {}, b"", None, "host;x-amz-date"),
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    ),
    "get-unreserved": (
        "GET",
        "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        *({}, b"", None, "host;x-amz-date"),
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    ),
    "get-utf8": (
        *("GET", "/ሴ", {}, b"", None, "host;x-amz-date"),
        "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
    ),
    "post-vanilla": (
        *("POST", "/", {}, b"", None, "host;x-amz-date"),
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    ),
    "post-header-key-sort": (
        *("POST", "/", {"My-Header1": "value1"}, b"", None, "host;my-header1;x-amz-date"),
        "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
    ),
    "post-header-value-case": (
        *("POST", "/", {"My-Header1": "VALUE1"}, b"", None, "host;my-header1;x-amz-date"),
        "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ),
    "post-sts-header-before": (
        *("POST", "/", {}, b"", TOKEN, "host;x-amz-date;x-amz-security-token"),
        "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
    ),
    "post-x-www-form-urlencoded": (
        *("POST", "/", FORM, b"Param1=value1", None, "content-type;host;x-amz-date"),
        "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ),
}


def keys(token: str | None = None) -> Keys:
    return Keys(access_key_id="AKIDEXAMPLE", secret_access_key=SECRET, session_token=token)


@pytest.mark.parametrize("name", SUITE)
def test_suite(name: str) -> None:
    """A call of the published suite gets its published signature."""
    method, path, headers, body, token, names, signature = SUITE[name]
    call = AwsCall(
        method=method, url=f"https://example.amazonaws.com{path}", headers=headers, body=body
    )
    signed = signed_headers(call, keys(token), region="us-east-1", service="service", now=NOW)
    assert signed["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )
    assert signed["X-Amz-Date"] == "20150830T123600Z"
    assert signed.get("X-Amz-Security-Token") == token


@pytest.mark.parametrize(
    ("day", "derived"),
    [
        ("20120215", "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"),
        ("20150830", "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"),
    ],
)
def test_derived_keys(day: str, derived: str) -> None:
    """The keys that AWS's documentation derives as examples."""
    assert signing_key(SECRET, day, "us-east-1", "iam").hex() == derived


def test_a_port_is_signed_along() -> None:
    """A stand-in elsewhere than on 443 sees the host that the call names."""
    call = AwsCall(method="POST", url="http://127.0.0.1:8010/ses/v2", headers={}, body=b"")
    one = signed_headers(call, keys(), region="us-east-1", service="ses", now=NOW)
    other = AwsCall(method="POST", url="http://127.0.0.1:8011/ses/v2", headers={}, body=b"")
    two = signed_headers(other, keys(), region="us-east-1", service="ses", now=NOW)
    assert one["Authorization"] != two["Authorization"]


def test_a_default_port_is_left_out() -> None:
    """So does the client that makes the call."""

    def proof(url: str) -> str:
        call = AwsCall(method="POST", url=url, headers={}, body=b"")
        signed = signed_headers(call, keys(), region="us-east-1", service="ses", now=NOW)
        return signed["Authorization"]

    assert proof("https://API.example:443/x") == proof("https://api.example/x")
    assert proof("http://api.example:443/x") != proof("http://api.example/x")


def test_nothing_secret_is_shown() -> None:
    """Neither keys nor a call show what is secret."""
    call = AwsCall(method="POST", url="https://x.example", headers={"A": SECRET}, body=b"4711")
    shown = f"{keys(TOKEN)!r} {call!r}"
    assert not [word for word in (SECRET, TOKEN, "AKIDEXAMPLE", "4711") if word in shown]
