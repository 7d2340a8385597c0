"""Which links may be followed, and where a redirect leads. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from yarl import URL

from herald.files.failures import REDIRECTS, URL_REFUSED, because

LONGEST = 8192  # of a redirect's target


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """What a link may say."""

    hosts: tuple[str, ...]  # none: any
    ports: tuple[int, ...]
    allow_cleartext: bool

    def check(self, url: URL) -> None:
        """Refuse a link that leads where none may lead.

        Raises:
            FetchError: it does.
        """
        schemes = ("https", "http") if self.allow_cleartext else ("https",)
        is_fine = (
            url.scheme in schemes
            and url.user is None
            and url.password is None
            and url.port in self.ports
            and self._may_ask(url.raw_host)
        )
        if not is_fine:
            raise because(URL_REFUSED)

    def _may_ask(self, host: str | None) -> bool:
        if not host:
            return False
        name = host.lower().rstrip(".")
        return not self.hosts or any(
            name.endswith(each) if each.startswith(".") else name == each for each in self.hosts
        )


def read_link(text: str) -> URL:
    """Read a link; what is quoted stays as it is, for signatures hold over it.

    Raises:
        FetchError: it is none.
    """
    try:
        return URL(text, encoded=_is_plain(text))
    except ValueError:
        raise because(URL_REFUSED) from None


def follow(url: URL, location: str | None) -> URL:
    """Return where a redirect leads.

    Raises:
        FetchError: nowhere.
    """
    if not location or len(location) > LONGEST:
        raise because(REDIRECTS)
    try:
        return url.join(read_link(location)).with_fragment(None)
    except ValueError:
        raise because(REDIRECTS) from None


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text
