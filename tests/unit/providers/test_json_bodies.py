"""The one reader of JSON from outside."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.providers.json_bodies import (
    MAX_DEPTH,
    MAX_NODES,
    BeyondLimitsError,
    NotJsonError,
    _parsed,
    _parsed_leniently,
    read_json,
)

DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # neither U+0000 nor surrogates: those are replaced, which is another test
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(codec="ascii", min_codepoint=1)), inner)
    ),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_reads_what_it_should(document: Any) -> None:
    """Any JSON document comes back as it is, escaped or not."""
    assert read_json(json.dumps(document).encode()) == document
    assert read_json(json.dumps(document, ensure_ascii=False).encode()) == document


# what readers of JSON differ in, and what breaks it
PIECES = st.sampled_from(
    [
        *(b"{", b"}", b"[", b"]", b",", b":", b'"', b'"a"', b'"a":', b" ", b"\n", b"\t", b"\f"),
        *(b"\0", b"\x7f", b"\x1f", b"\xc0\x80", b"\xed\xa0\xbd", b"\xf0\x9f\x91\x8b", b"\xff"),
        *(b"\\", b"\\/", b"\\x", b"\\u0000", b"\\ud83d", b"\\udc4b", b"\\u00e9", b"/", b"'"),
        *(b"true", b"false", b"null", b"NaN", b"Infinity", b"-", b"+", b".", b"e", b"E", b"-0"),
        *(b"0", b"1", b"01", b"1e999", b"1e-999", b"5e-324", b"18446744073709551616", b"1" * 998),
    ]
)


@given(
    st.lists(PIECES, max_size=12).map(b"".join)
    | st.lists(PIECES, max_size=8).map(lambda pieces: b'["' + b"".join(pieces) + b'"]')
    | st.lists(PIECES, max_size=8).map(lambda pieces: b'{"' + b"".join(pieces) + b'":1}')
    | st.lists(PIECES, max_size=8).map(lambda pieces: b"[" + b",".join(pieces) + b"]")
    | st.lists(PIECES, max_size=8).map(lambda pieces: b"[" + b"".join(pieces) + b"]")
)
def test_both_readers_agree(body: bytes) -> None:
    """The quick reader and the lenient one find the same in any body, or refuse it alike."""
    assert _outcome(_parsed, body) == _outcome(_parsed_leniently, body)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["r", ".30e", ".400f"]))
def test_both_readers_round_alike(number: float, form: str) -> None:
    """A number is the same to the last bit, however many digits it has."""
    written = (repr(number) if form == "r" else format(number, form)).encode()
    assert _outcome(_parsed, written) == _outcome(_parsed_leniently, written)


def _outcome(parse: Callable[[bytes], Any], body: bytes) -> str:
    try:
        return repr(parse(body))  # 1 is not 1.0 here, nor is 0.0 its negative
    except (NotJsonError, BeyondLimitsError) as error:
        return type(error).__name__


@given(st.binary())
def test_raises_only_its_own_errors(body: bytes) -> None:
    """Any bytes are read or refused by name."""
    with contextlib.suppress(NotJsonError, BeyondLimitsError):
        read_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{'a':1}",
        b'"\xff"',
        b'"a\x00b"',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[01]",
        b"[] []",
        '{"a":1}'.encode("utf-16"),
        b'"\xed\xa0\xbd"',  # a surrogate in UTF-8's clothes
    ],
)
def test_refuses_what_is_not_json(body: bytes) -> None:
    """Broken grammar, NaN, Infinity and other encodings than UTF-8 are not JSON."""
    with pytest.raises(NotJsonError):
        read_json(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (rb'"nul \u0000 lone \ud83d pair \ud83d\udc4b"', "nul � lone � pair \U0001f44b"),
        (rb'{"k\u0000":1}', {"k�": 1}),
        (b"[1e999,-1e999,1e5]", [None, None, 1e5]),
        (b"[" + b"9" * 5000 + b"]", [None]),
        (b"[" + b"9" * 1001 + b"]", [None]),
        (b"[" + b"9" * 1000 + b"]", [int("9" * 1000)]),
        (b"[" + b"9" * 100 + b"]", [int("9" * 100)]),
    ],
)
def test_cleans_what_nobody_can_hold(body: bytes, value: Any) -> None:
    """The last of a repeated key counts; what can't be stored is replaced, never an error."""
    assert read_json(body) == value


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_depth_is_bounded(opening: bytes) -> None:
    """32 levels pass, one more is beyond the limits, and no depth exhausts the stack."""
    closing = b"]" if opening == b"[" else b"}"
    read_json(opening * (MAX_DEPTH - 1) + b"[]" + closing * (MAX_DEPTH - 1))
    for depth in (MAX_DEPTH, 100_000):
        with pytest.raises(BeyondLimitsError):
            read_json(opening * depth + b"[]" + closing * depth)


def test_brackets_and_commas_in_strings_do_not_count() -> None:
    """Only structure is counted."""
    text = '[{,\\"' * MAX_NODES
    assert read_json(json.dumps([text]).encode()) == [text]


def test_size_is_bounded() -> None:
    """A full batch of Meta's passes; more values than any provider sends do not."""
    change = json.loads(
        '{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":'
        '"1"},"statuses":[{"id":"w","status":"sent","timestamp":"1","recipient_id":"1",'
        '"conversation":{"id":"c","origin":{"type":"utility"}},"pricing":{"billable":true}}]}}'
    )
    batch = [{"id": "1", "changes": [change] * 1000}]
    assert len(read_json(json.dumps({"entry": batch}).encode())["entry"][0]["changes"]) == 1000
    with pytest.raises(BeyondLimitsError):
        read_json(b"[" + b"0," * MAX_NODES + b"0]")


@pytest.mark.parametrize("piece", [b'\\"', b'"', b"\\", b"[", b'["', b'"\\'])
def test_hostile_bodies_cost_little(piece: bytes) -> None:
    """Four megabytes of anything are refused in a moment, not in quadratic time."""
    started = time.process_time()
    with pytest.raises((NotJsonError, BeyondLimitsError)):
        read_json(b"[" * 40 + piece * (4 * 1024 * 1024 // len(piece)))
    assert time.process_time() - started < 2
