"""The span of a webhook whose signature is good. What its headers say of a trace is ignored."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from structlog.contextvars import bound_contextvars

from herald.bus.outgoing_messages import OutgoingMessage
from herald.tracing.spans import Attribute, Kind, Span, trace_of, tracer

ROUTE = "/webhooks/{provider}/{account}"
_SERVER_ERROR = 500


class WebhookTrace:
    """A webhook whose span is under way."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def in_logs(self) -> AbstractContextManager[None]:
        """Name the trace in every line that is logged within."""
        return bound_contextvars(**trace_of(self._span.context))

    def carried(self, messages: Sequence[OutgoingMessage]) -> Sequence[OutgoingMessage]:
        """Give the messages of the webhook the headers that name its span."""
        self._span.note({Attribute.RECEIPTS: len(messages)})
        headers = self._span.context.headers
        return [message._replace(headers={**message.headers, **headers}) for message in messages]

    def answered(self, status: int) -> None:
        """Say how the provider is answered."""
        self._span.note({Attribute.STATUS_CODE: status})
        self._span.end(failed=str(status) if status >= _SERVER_ERROR else None)


def begin_webhook(provider: str, account: str, method: str) -> WebhookTrace | None:
    """Begin the span of a webhook whose signature was found good; None while tracing is off."""
    active = tracer()
    if active is None:
        return None
    about = {
        Attribute.METHOD: method,
        Attribute.ROUTE: ROUTE,
        Attribute.PROVIDER: provider,
        Attribute.ACCOUNT: account,
    }
    return WebhookTrace(active.begin(f"{method} {ROUTE}", Kind.SERVER, None, about))
