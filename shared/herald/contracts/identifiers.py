"""Every identifier Herald makes or reads: names, message ids, attempt ids, event ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import StringConstraints

from herald.contracts.vocabulary import Lane

NAMESPACE = UUID("6f1de7a4-5a3c-5b52-9d0e-6b0d6f9f6c11")
_IN_NAMESPACE = sha1(NAMESPACE.bytes, usedforsecurity=False)
TENANT_PATTERN = r"^[a-z][a-z0-9-]{0,31}$"
CHANNEL_PATTERN = r"^[a-z][a-z0-9-]{0,31}$"
CONFIGURED_NAME_PATTERN = r"^[a-z][a-z0-9_-]{0,63}$"

# `unknown` is reserved: it stands for the tenant of a command whose tenant can't be read.
UNKNOWN_TENANT = "unknown"

TenantName = Annotated[str, StringConstraints(pattern=TENANT_PATTERN)]
ChannelName = Annotated[str, StringConstraints(pattern=CHANNEL_PATTERN)]
ConfiguredName = Annotated[str, StringConstraints(pattern=CONFIGURED_NAME_PATTERN)]

# a digit with the variant of RFC 9562 in its upper bits
_VARIANTS = {f"{digit:x}": f"{digit & 0x3 | 0x8:x}" for digit in range(16)}
_LANE_SUFFIXES = {Lane.URGENT: "u", Lane.BULK: "b"}  # the normal lane has none

_ATTEMPT = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]{1,2})\.([0-9]{1,2})")


@dataclass(frozen=True, slots=True)
class AttemptId:
    """One call to one provider account: `<message id>.<step>.<try>`, both counted from 1.

    A provider's status that carries it names its message, so no look-up is needed.
    """

    message_id: UUID
    step: int
    number: int

    def __str__(self) -> str:
        return f"{self.message_id}.{self.step}.{self.number}"

    @classmethod
    def parse(cls, text: str, uuid: Callable[[str], UUID] = UUID) -> AttemptId | None:
        """Read an attempt id, its message's by `uuid`; None when `text` is not one of ours."""
        match = _ATTEMPT.fullmatch(text)
        if match is None:
            return None
        return cls(uuid(match[1]), int(match[2]), int(match[3]))


def is_attempt_id(text: str) -> bool:
    """Whether `text` is an attempt id of ours."""
    return _ATTEMPT.fullmatch(text) is not None


def attempt_tag(attempt_id: str, lane: Lane) -> str:
    """Name an attempt to a provider that carries the name back: its id, and its lane.

    By its lane a status finds the queue of its kind without a look-up.
    """
    suffix = _LANE_SUFFIXES.get(lane)
    return attempt_id if suffix is None else f"{attempt_id}.{suffix}"


def read_attempt_tag(text: str) -> tuple[AttemptId, Lane] | None:
    """Read what a provider carried back; None when it is not one of ours."""
    for lane, suffix in _LANE_SUFFIXES.items():
        if text.endswith(f".{suffix}"):
            attempt = AttemptId.parse(text.removesuffix(f".{suffix}"))
            return None if attempt is None else (attempt, lane)
    attempt = AttemptId.parse(text)
    return None if attempt is None else (attempt, Lane.NORMAL)


def message_id_for(tenant: str, idempotency_key: str, uuid: Callable[[str], UUID] = UUID) -> UUID:
    """Name a message that came without an id, the same on every try of the same key.

    `uuid` makes the id of its text.
    """
    return uuid(_uuid5_text(f"message\0{tenant}\0{idempotency_key}"))


def resend_id_for(message_id: UUID) -> UUID:
    """Name the message that sends another one again: there is one at most."""
    return uuid5(NAMESPACE, f"resend\0{message_id}")


def erasure_id_for(tenant: str | None, cause: str) -> UUID:
    """Name an erasure that came without an id, the same whenever its command comes."""
    return uuid5(NAMESPACE, f"erasure\0{tenant or ''}\0{cause}")


def event_id_for(subject: str, event_type: str, cause: str) -> str:
    """Name a public event by what caused it, so that a republish is recognisable."""
    return _uuid5_text(f"event\0{subject}\0{event_type}\0{cause}")


def amqp_message_id(*parts: str) -> str:
    """Return the AMQP message id of work or a receipt: the same parts have the same one."""
    return _uuid5_text("\0".join(("frame", *parts)))


def body_id(body: bytes) -> str:
    """Name a command that has no message id of its own by its bytes."""
    return _uuid5_text("body\0" + body.decode("latin-1"))


def _uuid5_text(name: str) -> str:
    """Return `str(uuid5(NAMESPACE, name))`, at a third of the cost: every message has several."""
    hashed = _IN_NAMESPACE.copy()
    hashed.update(name.encode())
    text = hashed.hexdigest()
    variant = _VARIANTS[text[16]]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"
