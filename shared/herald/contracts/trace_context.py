"""W3C trace context: the AMQP headers that name the trace and span which led to a message. Pure.

The format is that of https://www.w3.org/TR/trace-context/, version 00.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
MAX_TRACESTATE = 512  # characters: as many as the standard asks to be carried

_TRACEPARENT = re.compile(
    r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII
)
_TRACESTATE = re.compile(r"[ -~\t]+", re.ASCII)
_SAMPLED = 0x01


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A span of a trace, as its children name it; `tracestate` is the tracing systems' own."""

    traceparent: str
    tracestate: str | None = None

    @classmethod
    def read(cls, headers: Mapping[str, Any]) -> TraceContext | None:
        """Read a message's headers; None where they name no trace, or not as the standard says."""
        parent = headers.get(TRACEPARENT)
        if not isinstance(parent, str) or _TRACEPARENT.fullmatch(parent) is None:
            return None
        state = headers.get(TRACESTATE)
        is_fit = (
            isinstance(state, str)
            and len(state) <= MAX_TRACESTATE
            and _TRACESTATE.fullmatch(state) is not None
        )
        return cls(parent, state if is_fit else None)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that carry it."""
        headers = {TRACEPARENT: self.traceparent}
        if self.tracestate:
            headers[TRACESTATE] = self.tracestate
        return headers

    @property
    def trace_id(self) -> str:
        """The trace's name, in 32 hexadecimal digits."""
        return self.traceparent[3:35]

    @property
    def span_id(self) -> str:
        """The span's name within its trace, in 16 hexadecimal digits."""
        return self.traceparent[36:52]

    @property
    def is_sampled(self) -> bool:
        """Whether the span is recorded; what it leads to is recorded then, too."""
        return bool(int(self.traceparent[53:55], 16) & _SAMPLED)
