"""What a template says once it is filled in, or why it can't be. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from herald.contracts.content import ChannelContent


@dataclass(slots=True)
class UnfillableError(Exception):
    """What a command asks of a template can't be; `field` is below the command's template."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What a template says, and which of its texts that was."""

    name: str
    version: int
    locale: str
    parts: Mapping[str, Any]  # of a `ChannelContent`

    def __str__(self) -> str:
        return f"{self.name} version {self.version}, {self.locale}"

    def over(self, content: ChannelContent, kept: frozenset[str]) -> ChannelContent:
        """Put it in the place of what a command says beside it, but for the parts that it keeps."""
        parts = {name: part for name, part in self.parts.items() if name not in kept}
        return ChannelContent.model_construct(**{**dict(content), "template": None, **parts})
