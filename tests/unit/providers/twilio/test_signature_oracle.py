"""Twilio's own validator as an oracle: both agree, but where it is known to be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from herald.providers.twilio.signature import is_twilio_signature

TOKEN = "0123456789abcdef0123456789abcdef"
VALIDATOR = RequestValidator(TOKEN)
Texts = Sequence[tuple[str, str]]


class Repeated:
    """Fields as web frameworks give them to the validator: a name may have several values."""

    def __init__(self, fields: Texts) -> None:
        self._fields = fields

    def __iter__(self) -> Iterator[str]:
        return iter(name for name, _ in self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def getall(self, wanted: str) -> list[str]:
        """Return every value of a name."""
        return [value for name, value in self._fields if name == wanted]


def sign(url: str, fields: Texts) -> bytes:
    signature: str = VALIDATOR.compute_signature(url, Repeated(fields))
    return signature.encode()


def is_ours(signature: bytes, url: str, fields: Texts) -> bool:
    """Ask Herald, whose fields are bytes as they were sent."""
    sent = [(name.encode().decode("latin-1"), v.encode().decode("latin-1")) for name, v in fields]
    return is_twilio_signature(signature, url, sent, [b"another", TOKEN.encode()])


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
FIELDS = st.lists(st.tuples(WORDS, WORDS), max_size=6)
PLACES = st.builds(
    "{}://{}{}/{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["hooks.example.com", "127.0.0.1", "a.b-c.example"]),
    st.sampled_from(["", ":80", ":443", ":8443", ":1"]),
    st.sampled_from(["", "webhooks/twilio/main", "a%2Fb"]),
    st.sampled_from(["", "?a=b&a=b", "?mid=01HZX%2F1&x=a+b"]),
)


@settings(max_examples=40)
@given(url=PLACES, fields=FIELDS, called=PLACES, came=FIELDS)
def test_both_agree(url: str, fields: Texts, called: str, came: Texts) -> None:
    """What one takes for authentic the other does, also for another URL or other fields."""
    signature = sign(url, fields)
    assert is_ours(signature, url, fields)
    for place, body in ((called, fields), (url, came)):
        expected = VALIDATOR.validate(place, Repeated(body), signature.decode())
        assert is_ours(signature, place, body) == expected


def test_a_port_that_is_none_is_no_crash() -> None:
    """The validator raises for it: a hostile URL would be an error of ours."""
    url = "https://hooks.example.com:99999/x"
    with pytest.raises(ValueError, match="Port out of range"):
        VALIDATOR.validate(url, {}, "x")
    assert not is_ours(b"x", url, [])


def test_a_query_counts_as_it_was_sent() -> None:
    """The validator forgets an empty one, and takes a URL that Twilio did not sign."""
    signature = sign("https://hooks.example.com/x", [])
    assert VALIDATOR.validate("https://hooks.example.com/x?", {}, signature.decode())
    assert not is_ours(signature, "https://hooks.example.com/x?", [])


def test_an_ipv6_host_keeps_its_colons() -> None:
    """The validator cuts such a host at its first colon, and refuses what Twilio signed."""
    signed, called = "https://[2001:db8::1]/x", "https://[2001:db8::1]:8443/x"
    signature = sign(signed, [])
    assert not VALIDATOR.validate(called, {}, signature.decode())
    assert is_ours(signature, called, [])


def test_a_name_may_have_several_values() -> None:
    """The validator can't read them from a plain dictionary of lists."""
    url, fields = "https://hooks.example.com/x", [("Digits", "5678"), ("Digits", "1234")]
    with pytest.raises(TypeError):
        VALIDATOR.compute_signature(url, {"Digits": ["5678", "1234"]})
    assert is_ours(sign(url, fields), url, fields[::-1])


def test_lengths_that_differ_are_compared_in_constant_time() -> None:
    """The validator returns at once; here a header of any length is only another one."""
    signature = sign("https://hooks.example.com/x", [])
    assert not is_ours(signature[:-1], "https://hooks.example.com/x", [])
    assert not is_ours(signature * 100, "https://hooks.example.com/x", [])
