"""The webhooks of a provider, as the conformance kit makes them. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from urllib.parse import urlencode

from herald.contracts.vocabulary import FailureClass, InboundKind, Status
from herald.providers.subject_sending import Without

JSON = b"application/json"
FORM = b"application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request that a provider makes to us."""

    method: str = "POST"
    query: str = ""
    headers: Mapping[bytes, bytes] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))  # when it is made

    def url(self, base: str) -> str:
        """Return the whole URL, `base` being the account's own."""
        return f"{base}?{self.query}" if self.query else base

    def with_header(self, name: bytes, value: bytes) -> Call:
        """Add a header."""
        return replace(self, headers={**self.headers, name: value})


def json_call(document: Any, *, query: str = "") -> Call:
    """Make a POST of JSON."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return Call(query=query, headers={b"content-type": JSON}, body=body)


def form_call(fields: Mapping[str, str], *, query: str = "") -> Call:
    """Make a POST of a form."""
    return Call(query=query, headers={b"content-type": FORM}, body=urlencode(fields).encode())


class Place(Protocol):
    """Where in a call its signature stands."""

    def read(self, call: Call) -> bytes:
        """Return the signature of a signed call."""
        ...

    def write(self, call: Call, signature: bytes | None) -> Call:
        """Put another in its place; None: none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What an account has of its keys, over its other options and secrets."""

    options: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """How a provider proves that it is the one who calls."""

    keys: tuple[Any, Any, Any]  # the account's, the one that follows it, another account's
    sign: Callable[[Call, str, Any], Call]  # sign a call to a URL with a key, as the provider does
    install: Callable[[Sequence[Any]], Installed]  # an account that takes these keys, first used
    signature: Place
    malformed: tuple[bytes, ...] = ()  # beside those that the kit makes itself
    covers: Literal["bytes", "values"] = "bytes"  # `values`: how they are written is free


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a status is to say."""

    word: str  # one of `Webhooks.words`, or one that the provider does not have
    reference: str  # the provider's id of the message
    tag: str | None = None  # what our call gave it to carry; None: it was not our call's
    at: Any = None  # the time, as the provider writes it; None: none
    code: str | int | None = None  # of a failure
    text: str = ""  # the provider's words about a failure: they repeat number and text
    number: int = 0  # of the event: where each has an id of its own, make it of this


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A message of a recipient's, and what is read of it."""

    label: str
    element: Any
    sender: str
    text: str | None = None
    content: InboundKind = InboundKind.TEXT


# the time as it is written, and as it is meant; None: it is none, and the event comes without
Times = Sequence[tuple[Any, datetime | None]]


def _same(endpoint: Any) -> Any:
    return endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """What a provider reports, and how.

    An element is whatever `status` returns and `call` takes: the kit looks into dicts and lists to
    break them, and at nothing else.
    """

    # Of a message to RECIPIENT_PHONE or RECIPIENT_EMAIL (see `samples`), named wherever the
    # provider names it: the kit looks for it where it must not be kept.
    status: Callable[[Said], Any]
    call: Callable[[Sequence[Any]], Call]  # the request that carries elements, not yet signed
    words: Mapping[str, Status]  # what each word is to become
    codes: Mapping[Any, FailureClass]  # what each code of `failed` is to become
    failed: str | None  # the word whose elements carry a code; None: no word does
    times: Times | Without
    signing: Signing | Without
    inbound: Sequence[Inbound] | Without
    batch: int = 1  # elements of one request, at most
    # what is done to an endpoint before it is tried: say, certificates in place of the network
    prepare: Callable[[Any], Any] = _same
