"""Responses are read the same however their bytes are cut, and half of one is none."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.http.errors import UnreadableError
from herald.http.parsing import LARGEST_HEAD, ResponseParser
from herald.http.response import HttpResponse

LARGEST = 1000
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True, slots=True)
class Sample:
    """A response as it is written, and what it says."""

    wire: bytes
    status: int
    body: bytes


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Write a response with interim ones before it, of one of the forms that say where it ends."""
    interim = draw(st.lists(st.sampled_from([100, 102, 103]), max_size=2))
    before = b"".join(b"HTTP/1.1 %d X\r\nLink: a\r\n\r\n" % status for status in interim)
    status = draw(st.sampled_from([200, 201, 204, 304, 400, 429, 503]))
    head = b"HTTP/1.1 %d Some Words\r\nX-Id: 7\r\n" % status
    pieces = draw(st.lists(st.binary(min_size=1, max_size=20), max_size=5))
    if status in {204, 304}:
        return Sample(before + head + b"\r\n", status, b"")
    body = b"".join(pieces)
    if draw(st.booleans()):
        length = b"Content-Length: %d\r\n\r\n" % len(body)
        return Sample(before + head + length + body, status, body)
    extension = draw(st.sampled_from([b"", b";a=b"]))
    chunks = b"".join(b"%x%s\r\n%s\r\n" % (len(each), extension, each) for each in pieces)
    trailers = draw(st.sampled_from([b"", b"X-Id: 8\r\nX-Sum: 3\r\n"]))
    chunked = b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailers + b"\r\n"
    return Sample(before + head + chunked, status, body)


def read(pieces: Sequence[bytes], parser: ResponseParser | None = None) -> HttpResponse | None:
    """Feed all of them; only the last may end the response."""
    parser = parser or ResponseParser(LARGEST)
    found = [parser.feed(piece) for piece in pieces]
    assert found[:-1] == [None] * (len(found) - 1)
    return found[-1]


@given(sample=samples(), cuts=st.lists(st.integers(0, 500), max_size=6))
def test_a_response_is_the_same_however_it_is_cut(sample: Sample, cuts: list[int]) -> None:
    """The network may cut it anywhere."""
    at = sorted({0, len(sample.wire), *(cut % len(sample.wire) for cut in cuts)})
    response = read([sample.wire[a:b] for a, b in pairwise(at)])
    assert response is not None
    assert (response.status, response.body) == (sample.status, sample.body)
    assert response.headers["x-ID"] == "7"


@given(sample=samples(), cut=st.integers(0, 500))
def test_a_part_of_a_response_is_none(sample: Sample, cut: int) -> None:
    """One that says where it ends is not ended by the connection before that."""
    parser = ResponseParser(LARGEST)
    assert parser.feed(sample.wire[: cut % len(sample.wire)]) is None
    assert parser.end() is None


@given(first=samples(), second=samples())
def test_one_follows_another(first: Sample, second: Sample) -> None:
    """Nothing of a response is left in the next one of its connection."""
    parser = ResponseParser(LARGEST)
    for sample in (first, second):
        parser.begin()
        response = read([sample.wire], parser)
        assert response is not None
        assert (response.status, response.body) == (sample.status, sample.body)
        assert parser.reusable


@given(sample=samples(), more=st.binary(min_size=1, max_size=20))
def test_what_follows_a_response_ends_its_connection(sample: Sample, more: bytes) -> None:
    """Nobody asked for it: the next request's response would be read from it."""
    if not more.strip(b"\r\n"):
        return  # blank lines between responses are to be passed over (RFC 9112, 2.2)
    parser = ResponseParser(LARGEST)
    response = read([sample.wire + more], parser)
    assert response is not None
    assert response.body == sample.body
    assert not parser.reusable


@given(st.binary(max_size=200))
def test_any_bytes_are_a_response_or_unreadable(data: bytes) -> None:
    """No other error comes out of it."""
    parser = ResponseParser(LARGEST)
    try:
        parser.feed(data)
        parser.end()
    except UnreadableError:
        pass


@pytest.mark.parametrize(
    "wire",
    [
        b"what?\r\n\r\n",
        b"HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nab",
        OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK + b"Content-Length: -2\r\n\r\nab",
        OK + b"Content-Length : 2\r\n\r\nab",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
        OK + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
        OK + b"Content-Length: 2\r\nContent-Encoding: br\r\n\r\nab",
        OK + b"Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\nab",
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(wire: bytes) -> None:
    """A response that says two lengths, or none that we understand, says nothing."""
    with pytest.raises(UnreadableError):
        ResponseParser(LARGEST).feed(wire)


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [
        (OK + b"X: ", b"a" * 1000),
        (OK, b"X: a\r\n" * 100),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        (b"", b"\r\n" * 1000),
    ],
)
def test_a_head_that_never_ends_is_given_up(begins: bytes, goes_on: bytes) -> None:
    """No server fills the memory with a head, or with interim responses."""
    with pytest.raises(UnreadableError):
        read([begins, *[goes_on] * (LARGEST_HEAD // len(goes_on) + 1)])


def test_a_body_that_is_all_framing_is_given_up() -> None:
    """Endless trailers bring no body, and end all the same."""
    begins = OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    with pytest.raises(UnreadableError):
        read([begins, *[b"X: " + b"a" * 1000 + b"\r\n"] * 100])


def test_a_response_without_a_length_ends_with_its_connection() -> None:
    """That is what says where it ends, and its connection serves no more."""
    parser = ResponseParser(LARGEST)
    assert parser.feed(OK + b"\r\n") is None
    assert parser.feed(b"ab") is None
    response = parser.end()
    assert response is not None
    assert response.body == b"ab"
    assert not parser.reusable


def test_a_head_asked_for_alone_has_no_body() -> None:
    """The response to HEAD says the length of what does not follow."""
    parser = ResponseParser(LARGEST)
    parser.begin(bodiless=True)
    response = parser.feed(OK + b"Content-Length: 5\r\n\r\n")
    assert response is not None
    assert response.body == b""
    assert not parser.reusable


@pytest.mark.parametrize(
    "head",
    [OK + b"Connection: close\r\n", b"HTTP/1.0 200 OK\r\n"],
)
def test_a_server_that_ends_the_connection_is_obeyed(head: bytes) -> None:
    """By its word, or by a version of HTTP that keeps none."""
    parser = ResponseParser(LARGEST)
    assert parser.feed(head + b"Content-Length: 2\r\n\r\nab") is not None
    assert not parser.reusable


def _bare(body: bytes) -> bytes:
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(body) + packing.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [(b"gzip", gzip.compress), (b"deflate", zlib.compress), (b"deflate", _bare)],
)
def test_a_packed_body_is_unpacked(encoding: bytes, pack: Callable[[bytes], bytes]) -> None:
    """Some servers pack though they are asked not to."""
    for body in (b"{}", b" " * 100 * LARGEST):
        packed = pack(body)
        head = OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding, len(packed))
        response = ResponseParser(LARGEST).feed(head + packed)
        assert response is not None
        assert response.body == body[: LARGEST + 1]


def test_a_body_too_large_is_cut() -> None:
    """What is left of it is more than any whole one may be, and the connection serves no more."""
    parser = ResponseParser(LARGEST)
    response = parser.feed(OK + b"Content-Length: 9999\r\n\r\n" + b" " * 2000)
    assert response is not None
    assert len(response.body) > LARGEST
    assert not parser.reusable
