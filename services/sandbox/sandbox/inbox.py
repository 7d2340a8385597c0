"""What recipients would see: the newest accepted messages, in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

MAX_MESSAGES = 2_000
MAX_BYTES = 64 * 1024 * 1024  # of files


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    """A file of a message: by link, or as the bytes that were sent."""

    name: str = ""
    content_type: str = ""
    url: str | None = None
    body: bytes | None = field(default=None, repr=False)
    caption: str = ""
    content_id: str | None = None  # by which a mail's HTML shows it

    @property
    def size(self) -> int:
        """How many bytes it holds here."""
        return 0 if self.body is None else len(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as its recipient would see it."""

    text: str = ""
    subject: str | None = None
    html: str | None = None
    files: tuple[ShownFile, ...] = ()
    template: str | None = None  # the name of the provider's own that it fills in
    variables: Mapping[str, str] = field(default_factory=dict)  # of that template
    buttons: tuple[str, ...] = ()  # what can be tapped, in order
    headers: Mapping[str, str] = field(default_factory=dict)  # of a mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message in the inbox."""

    id: int  # counts up from 1
    provider: str
    channel: str
    account: str
    sender: str
    to: str
    reference: str  # the provider's id of it
    at: datetime
    shown: Shown


class Inbox:
    """Keeps the newest messages; the oldest go when there are too many, or too many bytes."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._ids = count(1)

    def take(
        self,
        *,
        provider: str,
        channel: str,
        account: str,
        sender: str,
        to: str,
        reference: str,
        shown: Shown,
    ) -> None:
        """Add a message."""
        self._messages.append(
            Message(
                id=next(self._ids),
                provider=provider,
                channel=channel,
                account=account,
                sender=sender,
                to=to,
                reference=reference,
                at=datetime.now(UTC),
                shown=shown,
            )
        )
        self._bytes += _size(shown)
        while len(self._messages) > MAX_MESSAGES or self._bytes > MAX_BYTES:
            self._bytes -= _size(self._messages.popleft().shown)

    def messages(self, *, to: str | None = None, channel: str | None = None) -> list[Message]:
        """Return messages, the newest first; numbers are found with a `+` and without."""
        bare = None if to is None else to.removeprefix("+")
        return [
            message
            for message in reversed(self._messages)
            if bare in {None, message.to.removeprefix("+")} and channel in {None, message.channel}
        ]

    def message(self, number: int) -> Message | None:
        """Return one, None when there is none any more."""
        return next((message for message in self._messages if message.id == number), None)

    def reset(self) -> None:
        """Forget all."""
        self._messages.clear()
        self._bytes = 0


def _size(shown: Shown) -> int:
    return sum(file.size for file in shown.files)
