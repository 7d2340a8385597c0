"""The calls to a provider, as the conformance kit makes and answers them."""

from __future__ import annotations

import json
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.rendered import Rendered


@dataclass(frozen=True, slots=True)
class Without:
    """A part that a provider does not have, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider answers; of one that does not speak HTTP only the body counts."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(status: int, document: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with JSON."""
    head = {"Content-Type": "application/json", **(headers or {})}
    return Answer(status=status, body=json.dumps(document).encode(), headers=head)


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """An error of the provider's own, and what follows from it.

    `ambiguous`: nobody knows whether it was taken. `transient`: also that the work is given back.
    """

    label: str
    answer: Answer
    failure_class: FailureClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message to send: `content` is what its channel renders of `work`."""

    label: str
    work: Work
    content: Rendered


class Fault(Enum):
    """What a provider does in place of an answer, once it has read the request."""

    RESET = "reset"  # ends the connection
    SILENCE = "silence"  # never answers


@dataclass(slots=True, kw_only=True)
class Script:
    """What a stand-in for a provider does on every connection."""

    then: Answer | Fault
    before: Mapping[str, Answer] = field(default_factory=dict)  # see `Sending.before`
    heard: Callable[[bytes], Awaitable[None]]  # gets all that was sent, before it answers


class Wire(Protocol):
    """How a provider is spoken to, on the provider's side."""

    def options(self, port: int) -> Mapping[str, Any]:
        """Return the account's options that lead to a port of this machine, unencrypted."""
        ...

    async def serve(self, reader: StreamReader, writer: StreamWriter, script: Script) -> None:
        """Serve one connection by the script."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a provider is asked, and what it answers."""

    messages: Sequence[Message]  # each is sent once; the first one stands for all
    accepted: Answer
    references: tuple[str, ...]  # what is read of it; empty: whatever, the ids being our own
    errors: Sequence[Error]  # every documented one
    throttled: Answer  # too many calls; the kit adds a Retry-After
    broken: Error | Without  # its own trouble: a 5xx in its own form
    # answers to calls that come before the one that sends (an upload, a token), by a part of
    # their path
    before: Mapping[str, Answer] = field(default_factory=dict)
    tagged: Callable[[str], str] = str  # how `work.tag` stands in a call, where it must differ
    # a lost response is no doubt: a key goes along by which the provider knows the same message
    repeats_safely: bool = False
    wire: Wire | None = None  # None: HTTP, to the account's `base_url`
