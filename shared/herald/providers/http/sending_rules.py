"""How a profile's provider is called, and what its responses mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.budgets import Scope
from herald.providers.http.expressions import Expression, Path
from herald.providers.http.placeholders import Text

MAX_LEVELS = 8  # of a body
MAX_LEAVES = 100

HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")]
FieldName = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Code = Annotated[
    str,
    BeforeValidator(lambda code: str(code) if type(code) is int else code),
    StringConstraints(min_length=1, max_length=64),
]
Codes = tuple[Code, ...]
WordT = TypeVar("WordT")


def inverted(groups: Mapping[WordT, Codes]) -> dict[str, WordT]:
    """Return the word of each code."""
    return {code: word for word, codes in groups.items() for code in codes}


def _once(groups: dict[WordT, Codes]) -> dict[WordT, Codes]:
    counts = Counter(code for codes in groups.values() for code in codes)
    if twice := [code for code, count in counts.items() if count > 1]:
        raise ValueError(f"named more than once: {', '.join(twice)}")
    return groups


ByClass = Annotated[dict[FailureClass, Codes], AfterValidator(_once)]
ByStatus = Annotated[dict[Status, Codes], AfterValidator(_once)]


class Rules(BaseModel):
    """A table of a profile; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _structure(written: Any, level: int = 0) -> Any:
    """Read a body: tables and lists stay, every text in it is a path, all else is as it is."""
    if level > MAX_LEVELS:
        raise ValueError(f"a body of over {MAX_LEVELS} levels")
    if isinstance(written, str):
        return Expression(written)
    if isinstance(written, dict):
        return {key: _structure_at(key, value, level) for key, value in written.items()}
    if isinstance(written, list):
        return [_structure_at(index, value, level) for index, value in enumerate(written)]
    if isinstance(written, bool | int | float | Expression):
        return written
    raise ValueError("a body holds tables, lists, paths, numbers and booleans")


def _structure_at(key: str | int, value: Any, level: int) -> Any:
    try:
        return _structure(value, level + 1)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


Structure = Annotated[dict[str, Any], BeforeValidator(_structure)]


class Auth(Rules):
    """How a call shows who makes it; what is secret is never part of a log."""

    scheme: Literal["none", "basic", "bearer", "header", "query", "url"]  # where it stands
    secret: str | None = None  # which secret; the password of `basic`
    username: Text | None = None  # of `basic`
    name: str | None = Field(default=None, max_length=64)  # of the header or the query's field
    prefix: str = ""  # before the secret in a header: `App `


class SendRules(Rules):
    """The call that sends a message: `[send]`."""

    method: Literal["POST", "PUT", "GET"] = "POST"  # the HTTP method
    url: Text  # with options, `values` and, for `auth.scheme = "url"`, `{secret}`
    auth: Auth  # who makes the call
    needs_sender: bool = False  # refuse a message without a sender
    values: dict[str, Path] = Field(default_factory=dict, max_length=20)  # paths with a name
    query: dict[FieldName, Path] = Field(default_factory=dict)  # of the URL
    headers: dict[HeaderName, Text] = Field(default_factory=dict)  # with options and values
    body: Structure | None = Field(
        default=None,
        alias="json",
        description="The body as JSON: tables, lists, numbers; each text in it is a path.",
    )
    form: dict[FieldName, Path] | None = None  # the body as a form; a list gives several fields


class ResponseRules(Rules):
    """What a response means: `[response]`. Paths read `status`, `body` and `headers`."""

    id: Path  # the provider's id of the message, or a list of several
    accepted: Path | None = None  # true where it took the message; by default any 2xx with an id
    code: Path | None = None  # of its error
    text: Path | None = None  # of its error, in words
    retry_after: Path | None = None  # seconds that it asks to wait; Retry-After counts anyway
    keep: tuple[str, ...] = ()  # fields of the body to keep in the history: no address, no text


class ErrorRules(Rules):
    """What errors mean, in responses and in statuses: `[errors]`. The first that fits counts.

    Each table has a class and what belongs to it: `unreachable = [50, 70]`.
    """

    texts: ByClass = Field(default_factory=dict)  # words in the error's text, in any case
    codes: ByClass = Field(default_factory=dict)  # its codes
    http: ByClass = Field(default_factory=dict)  # its HTTP statuses
    words: ByClass = Field(default_factory=dict)  # words of a status that comes without a code
    scopes: dict[Scope, Codes] = Field(default_factory=dict)  # which codes throttle what
    of_message: Codes = ()  # codes that say nothing of the account's other calls
    gone: Codes = ()  # codes, or words in a text: the address takes nothing any more

    @cached_property
    def by_text(self) -> dict[str, FailureClass]:
        """The class of each phrase, in lower case."""
        return {phrase.lower(): word for phrase, word in inverted(self.texts).items()}

    @cached_property
    def by_code(self) -> dict[str, FailureClass]:
        """The class of each code."""
        return inverted(self.codes)

    @cached_property
    def by_http(self) -> dict[str, FailureClass]:
        """The class of each HTTP status."""
        return inverted(self.http)

    @cached_property
    def by_word(self) -> dict[str, FailureClass]:
        """The class of each word of a status."""
        return inverted(self.words)

    @cached_property
    def scope_of(self) -> dict[str, Scope]:
        """What each code throttles."""
        return inverted(self.scopes)
