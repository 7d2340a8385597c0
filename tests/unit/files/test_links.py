"""Which links may be followed, and where redirects lead."""

from __future__ import annotations

import pytest

from herald.files.failures import FetchError
from herald.files.links import LinkRules, follow, read_link

ANY = LinkRules(hosts=(), ports=(443,), allow_cleartext=False)


@pytest.mark.parametrize(
    "link",
    [
        "http://example.com/a.pdf",
        "https://example.com:8443/a.pdf",
        "https://user:secret@example.com/a.pdf",
        "https://user@example.com/a.pdf",
        "file:///etc/passwd",
        "ftp://example.com/a.pdf",
        "https:///a.pdf",
        "/a.pdf",
        "gopher://example.com:443/_x",
    ],
)
def test_only_https_on_its_port_without_a_login(link: str) -> None:
    """Everything else is refused as content, and the reason has nothing of the link."""
    with pytest.raises(FetchError) as caught:
        ANY.check(read_link(link))
    assert caught.value.failure.code == "media_url"
    assert "secret" not in caught.value.failure.text
    assert "example" not in caught.value.failure.text


def test_hosts_can_be_named() -> None:
    """A name is itself alone; one that begins with a dot stands for all under it."""
    rules = LinkRules(hosts=("a.example", ".cdn.example"), ports=(443,), allow_cleartext=False)
    for host in ("a.example", "A.example.", "x.cdn.example", "y.x.cdn.example"):
        rules.check(read_link(f"https://{host}/f"))
    for host in ("b.a.example", "cdn.example", "evilcdn.example", "a.example.org"):
        with pytest.raises(FetchError):
            rules.check(read_link(f"https://{host}/f"))


def test_a_signed_link_stays_as_it_is() -> None:
    """What is quoted is not unquoted: the signature holds over it."""
    link = "https://b.example/a%2Fb%20c.pdf?X-Amz-Credential=A%2F2026%2Fs3&sig=a%2Bb%3D"
    assert str(read_link(link)) == link


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("https://b.example/x", "https://b.example/x"),
        ("//b.example/x", "https://b.example/x"),
        ("/x?y=1#z", "https://a.example/x?y=1"),
        ("x", "https://a.example/d/x"),
        ("/ä b", "https://a.example/%C3%A4%20b"),
    ],
)
def test_redirects_are_read_as_references(location: str, target: str) -> None:
    """Relative ones, too."""
    assert str(follow(read_link("https://a.example/d/f"), location)) == target


@pytest.mark.parametrize("location", [None, "", "https://[::1", "x" * 9000])
def test_a_redirect_to_nowhere_is_refused(location: str | None) -> None:
    """And raises nothing else."""
    with pytest.raises(FetchError):
        follow(read_link("https://a.example/d/f"), location)
