"""How a profile's provider calls us: its signature, its statuses, what recipients write."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from herald.contracts.durations import Duration
from herald.contracts.vocabulary import Status
from herald.providers.http.expressions import Path
from herald.providers.http.sending_rules import ByStatus, HeaderName, Rules, inverted


class HeaderToken(Rules):
    """A secret in a header, the same in every request."""

    scheme: Literal["header"]  # `header`
    header: HeaderName  # its name
    secret: str  # which secret
    prefix: str = ""  # before it, e.g. `Bearer `


class QueryToken(Rules):
    """A secret in the query of our URL, which `callback_url` then has."""

    scheme: Literal["query"]  # `query`
    name: str = Field(default="token", pattern=r"^[A-Za-z0-9_-]{1,32}$")  # of the query's field
    secret: str  # which secret


class BasicLogin(Rules):
    """A name and a password, which `callback_url` then has."""

    scheme: Literal["basic"]  # `basic`
    username: str  # which secret holds the name
    secret: str  # which secret holds the password


class Hmac(Rules):
    """A keyed hash of the request in a header."""

    scheme: Literal["hmac"]  # `hmac`
    header: HeaderName  # its name
    secret: str  # which secret is the key
    key: Literal["text", "base64", "hex"] = "text"  # how the key is written
    hash: Literal["sha1", "sha256", "sha512"] = "sha256"  # which hash
    encoding: Literal["hex", "base64"] = "hex"  # how it is written
    prefix: str = ""  # before the hash, e.g. `sha256=`
    field: str | None = None  # of a header like `t=1,v1=abc`: which holds the hash
    # `body`, `url`, `path`, `method`, `timestamp`, `header:<name>`, and `text:<anything>` as it is
    signs: tuple[str, ...] = ("body",)  # what is hashed, one behind the other
    timestamp_header: HeaderName | None = None  # which header holds the time
    timestamp_field: str | None = None  # of that header: which holds the time
    tolerance: Duration | None = None  # how far its time may be from ours; none: not looked at


class PlivoV2(Rules):
    """Plivo's second scheme: the URL without its query, and a nonce."""

    scheme: Literal["plivo-v2"]  # `plivo-v2`
    secret: str  # which secret is the key


class PlivoV3(Rules):
    """Plivo's third scheme: method, URL, all fields, and a nonce."""

    scheme: Literal["plivo-v3"]  # `plivo-v3`
    secret: str  # which secret is the key


Signature = Annotated[
    HeaderToken | QueryToken | BasicLogin | Hmac | PlivoV2 | PlivoV3, Field(discriminator="scheme")
]


class StatusRules(Rules):
    """What became of a message: `[webhooks.status]`."""

    when: Path  # true of an element that is a status
    word: Path  # the provider's word
    words: ByStatus  # what its words mean: `sent = ["queued"]`; any other becomes `other`
    references: Path  # the provider's id of the message, or a list of several
    attempt: Path | None = None  # where `attempt` comes back
    code: Path | None = None  # of its error
    text: Path | None = None  # of its error, in words
    time: Path | None = None  # when it happened, by the provider's clock
    key: tuple[Path, ...] = ()  # what tells events of a message apart, beside word and code
    keep: tuple[str, ...] = ()  # fields of the element to keep in the history: no address, no text

    @cached_property
    def by_word(self) -> dict[str, Status]:
        """The status of each word."""
        return inverted(self.words)


class InboundRules(Rules):
    """What a recipient wrote: `[webhooks.inbound]`."""

    when: Path  # true of an element that is a message
    reference: Path  # the provider's id of it
    sender: Path  # whose address it came from
    sender_id: Path | None = None  # the provider's own id of them
    recipient: Path | None = None  # to which of our addresses
    text: Path | None = None  # its words, or a file's caption
    time: Path | None = None  # when it was written, by the provider's clock
    in_reply_to: Path | None = None  # the provider's id of what it answers
    group: Path | None = None  # the provider's id of the group it was written in
    profile_name: Path | None = None  # how they call themselves
    username: Path | None = None  # by which others find them
    kind: Path | None = None  # a word of Herald's for what it is; by default by what is filled
    media: Path | None = None  # a list of {reference, content_type, filename, kind, caption}
    location: Path | None = None  # {latitude, longitude, name, address}
    choice: Path | None = None  # of a button: {id, title}
    payload: Path | None = None  # what a button or a form gave
    contacts: Path | None = None  # a list of {name, phones: [{phone}]}
    original: Path | None = None  # the provider's id of what was `edited` or `deleted`


Methods = Annotated[tuple[Literal["POST", "GET"], ...], Field(min_length=1)]


class WebhookAnswer(Rules):
    """How a request that was taken is answered: `[webhooks.answer]`."""

    status: Literal[200, 201, 202, 204] = 200  # the HTTP status
    body: str = Field(default="", max_length=1_000)  # the words, where the provider wants some
    content_type: str = "text/plain; charset=utf-8"  # of these words


class WebhookRules(Rules):
    """How the provider calls us: `[webhooks]`. Paths read `event`, `body`, `query`, `headers`."""

    methods: Methods = ("POST",)  # that it uses
    fields: Literal["json", "form"] = "json"  # what a POST's body is; a GET has its query
    signature: Signature  # how its requests prove to be its own
    retry_gap: Duration  # how long it waits before it tries again
    retries_on_5xx: bool = True  # for hours after a 503
    max_kilobytes: int = Field(default=256, ge=1, le=4096)  # of a body
    items: Path | None = None  # the list of elements in `body`; none: it is one itself
    values: dict[str, Path] = Field(default_factory=dict, max_length=20)  # paths with a name
    ignore: Path | None = None  # true of an element that is understood, and nothing for Herald
    time_form: str = "any"  # `any`: an epoch or ISO 8601; else as strptime has it, in UTC
    answer: WebhookAnswer = Field(default_factory=WebhookAnswer)  # what it is answered
    status: StatusRules | None = None  # what became of messages
    inbound: InboundRules | None = None  # what recipients write
