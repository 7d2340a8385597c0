"""Heads of requests: where they go, what they bring, and what no caller can make of them."""

from __future__ import annotations

import pytest
from httptools import HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from herald.http.request import Endpoint, Origin, endpoint, write_head

TO = endpoint("POST", "https://api.example.com/v1/messages")


class Read:
    """A request's head as a server reads it."""

    def __init__(self, head: bytes) -> None:
        self.fields: list[tuple[bytes, bytes]] = []
        self.url = b""
        self.is_whole = False
        self._parser = HttpRequestParser(self)
        self._parser.feed_data(head)
        self.method = self._parser.get_method()

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.is_whole = True


def test_a_head_as_servers_read_it() -> None:
    """Where it goes, who calls, and how long the body is."""
    read = Read(write_head(TO, {"Authorization": "Basic YTpi"}, 5))
    assert (read.method, read.url, read.is_whole) == (b"POST", b"/v1/messages", True)
    assert read.fields == [
        (b"Host", b"api.example.com"),
        (b"User-Agent", b"herald"),
        (b"Accept", b"*/*"),
        (b"Accept-Encoding", b"identity"),
        (b"Authorization", b"Basic YTpi"),
        (b"Content-Length", b"5"),
    ]


def test_a_callers_field_replaces_ours() -> None:
    """Whatever the case of its name, it is sent once."""
    to = endpoint("POST", "http://api.example.com/", "accept")
    read = Read(write_head(to, {"accept": "application/json"}, 0))
    assert [value for name, value in read.fields if name.lower() == b"accept"] == [
        b"application/json"
    ]


@given(
    st.dictionaries(
        st.sampled_from(["X-A", "X-B", "Authorization"]),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    )
)
def test_no_value_becomes_another_field(headers: dict[str, str]) -> None:
    """A text is sent as one value or not at all."""
    to = endpoint("POST", "http://api.example.com/", *headers)
    try:
        head = write_head(to, headers, 0)
    except ValueError:
        assert any(not value.isprintable() for value in headers.values())
        return
    assert head.count(b"\r\n") == 6 + len(headers) + 1
    assert head.count(b"\n") == head.count(b"\r") == head.count(b"\r\n")
    read = Read(head)
    assert read.is_whole
    sent = {name.decode(): value.strip().decode() for name, value in read.fields[4:-1]}
    assert sent == {name: value.strip(" \t") for name, value in headers.items()}


@pytest.mark.parametrize("value", ["a\r\nX: b", "a\nb", "a\rb", "a\x00b", "a\x7fb", "a\x0bb"])
def test_a_value_with_a_control_character_is_refused(value: str) -> None:
    """It could end the line; the error says nothing of it."""
    with pytest.raises(ValueError, match="control character") as caught:
        write_head(endpoint("POST", "http://x.example.com/", "X"), {"X": value}, 0)
    assert value not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "a\nb", "ü"])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="header field"):
        endpoint("POST", "http://x.example.com/", name)


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection", "Upgrade"])
def test_framing_is_not_the_callers(name: str) -> None:
    """A second length would make one request two."""
    with pytest.raises(ValueError, match="header field"):
        endpoint("POST", "http://x.example.com/", name)


def test_a_method_can_end_no_line() -> None:
    with pytest.raises(ValueError, match="header field"):
        endpoint("POST / HTTP/1.1\r\nX: y", "http://x.example.com/")


@pytest.mark.parametrize(
    ("url", "origin", "host", "target"),
    [
        ("http://x.example.com", Origin("x.example.com", 80, False), "x.example.com", "/"),
        ("https://x.example.com/a?b=c", Origin("x.example.com", 443, True), None, "/a?b=c"),
        ("https://x.example.com:80/", Origin("x.example.com", 80, True), "x.example.com:80", "/"),
        ("http://[::1]:81/", Origin("::1", 81, False), "[::1]:81", "/"),
        ("https://x.example.com./", Origin("x.example.com", 443, True), None, "/"),
        ("http://ü.example.com/ü", Origin("xn--tda.example.com", 80, False), None, "/%C3%BC"),
        ("http://x.example.com/a b\r\nX: y", Origin("x.example.com", 80, False), None, None),
    ],
)
def test_where_a_url_leads(url: str, origin: Origin, host: str | None, target: str | None) -> None:
    """With whom the connection is, and what is asked of it."""
    to = endpoint("POST", url)
    read = Read(write_head(to, {}, 0))
    assert to.origin == origin
    assert read.is_whole
    assert len(read.fields) == 5
    assert host in {None, dict(read.fields)[b"Host"].decode()}
    assert target in {None, read.url.decode()}


def test_what_is_quoted_stays_as_it_is() -> None:
    """Signatures of links hold over it."""
    url = URL("http://x.example.com/%7Ea/%c3%bc?b=%2F", encoded=True)
    assert Read(write_head(endpoint("GET", url), {}, 0)).url == b"/%7Ea/%c3%bc?b=%2F"


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/a\x00", "/\u00fc"])
def test_an_unquoted_url_ends_no_line(path: str) -> None:
    """Whoever makes a `URL` may have left it unquoted."""
    with pytest.raises(ValueError, match="URL"):
        endpoint("GET", URL(f"http://x.example.com{path}", encoded=True))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/x",
        "x.example.com",
        "ftp://x.example.com/",
        "http:///x",
        "http://x.example.com:0/",
        "http://x.example.com:99999/",
        "https://user:pass@x.example.com/",
        "http://[::1/",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    """Nor is one with a login, which belongs into a header field."""
    with pytest.raises(ValueError):  # noqa: PT011  whoever reads the URL says why
        endpoint("POST", url)


def test_a_request_without_a_body_says_so_where_one_is_usual() -> None:
    """A GET with a length of zero is odd, and a POST without one is refused by some."""
    assert b"Content-Length: 0" in write_head(TO, {}, 0)
    assert b"Content-Length" not in write_head(endpoint("GET", "http://x.example.com/"), {}, 0)


def test_an_endpoint_shows_no_secret() -> None:
    """Its URL may hold one."""
    shown = repr(endpoint("POST", "http://x.example.com/secret"))
    assert "secret" not in shown
    assert isinstance(TO, Endpoint)
