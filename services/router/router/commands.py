"""Commands as values: as they arrived, what they ask for, or why they are refused. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from herald.config.steps import UnusableError
from herald.contracts.content import ChannelContent
from herald.contracts.identifiers import UNKNOWN_TENANT, body_id
from herald.contracts.masking import address_hash
from herald.contracts.text import storable
from herald.contracts.trace_context import TraceContext
from router.core.consent import ConsentChange
from router.core.facts import CommandContext
from router.core.message import Message

__all__ = [
    "Candidate",
    "ConsentRequest",
    "EndedMessage",
    "Envelope",
    "ErasureRequest",
    "Rejection",
    "UnusableError",
]


class Envelope(Struct, frozen=True, kw_only=True):
    """A command as it arrived."""

    body: bytes
    routing_key: str
    message_id: str | None = None
    correlation_id: str | None = None
    redelivered: bool = False
    user: str | None = None  # the broker's user who published it, where the producer named it
    trace: TraceContext | None = None  # the span that handles it, while it is traced

    @property
    def context(self) -> CommandContext:
        """Where its answer goes; named by its message id, or by its bytes if it has none.

        What can't be stored is replaced in it, so that a refusal can always be answered and kept.
        """
        return CommandContext(
            routing_key=storable(self.routing_key),
            cause=storable(self.message_id) or body_id(self.body),
            correlation_id=storable(self.correlation_id),
            trace=self.trace,
            user=storable(self.user),
        )


class Candidate(Struct, frozen=True, kw_only=True):
    """A message that may be accepted, if its id and key are free."""

    envelope: Envelope
    message: Message
    contents: bytes  # JSON: what each channel of the plan says
    command_hash: bytes
    address_hashes: tuple[int, ...]  # what the message is found by, made before any transaction
    skipped: tuple[tuple[int, str], ...] = ()  # steps of the route left out, and why
    is_dry_run: bool = False  # only what would become of it is asked for
    in_reply_to: str | None = None  # what the command says that it answers
    remarks: tuple[tuple[str, str], ...] = ()  # for the history, each under a name

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """What the history says of the message beside its facts, each under a name."""
        skipped = ((f"step:{step}", f"skipped: {problem}") for step, problem in self.skipped)
        return (*skipped, *self.remarks)


class Rejection(Struct, frozen=True, kw_only=True):
    """A command refused, with the field at fault."""

    envelope: Envelope
    field: str
    reason: str
    tenant: str = UNKNOWN_TENANT
    idempotency_key: str | None = None
    stand_in: str | None = None  # what is the key where none was given: the id, or the message_id
    message_id: str | None = None  # of the message that holds the key, where there is one
    is_dry_run: bool = False  # nothing of it is kept


class ErasureRequest(Struct, frozen=True, kw_only=True):
    """An erasure as its command asked for it."""

    id: UUID
    tenant: str | None  # None: every tenant's
    cause: str
    routing_key: str
    correlation_id: str | None
    user: str | None
    addresses: Sequence[str]

    @property
    def hashes(self) -> list[int]:
        """The addresses' hashes, under the key of now."""
        return sorted({address_hash(address) for address in self.addresses})


class ConsentRequest(Struct, frozen=True, kw_only=True):
    """What a command to suppress or unsuppress asks for: a change for each address."""

    tenant: str
    changes: tuple[ConsentChange, ...]


class EndedMessage(Struct, frozen=True, kw_only=True):
    """A stored message that is to be sent again."""

    message: Message
    contents: Mapping[str, ChannelContent]  # by channel
    command_hash: bytes
    resent_as: UUID | None  # what took its place already


class Answered(Struct, frozen=True, kw_only=True):
    """What a recipient sent, and whose it is."""

    id: UUID  # its event's
    tenant: str
    channel: str
    account: str
    reference: str  # the provider's id of it, or a mail's own
    sender_hash: int
