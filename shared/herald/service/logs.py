"""Structured logs on stderr: one JSON object a line, without secrets, bodies or whole addresses."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from herald.contracts.redaction import redact_text
from herald.service.settings import LogFormat

_HIDDEN_KEYS = frozenset({"body", "text", "html", "subject", "dsn"})
_SECRET_KEY = re.compile(r"password|token|secret|authorization|api_?key", re.IGNORECASE)
_HIDDEN = "***"


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Hide what must not be logged: by the name of a field, and by its look in any text."""
    for key, value in event.items():
        event[key] = _HIDDEN if _is_hidden(key) else _redacted(value)
    return event


def _is_hidden(key: object) -> bool:
    return key in _HIDDEN_KEYS or _SECRET_KEY.search(str(key)) is not None


def _redacted(value: Any) -> Any:
    """Hide what a value holds, however deep; whatever is no JSON becomes its text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {k: _HIDDEN if _is_hidden(k) else _redacted(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(item) for item in value]
    return redact_text(str(value))


def configure_logs(service: str, log_format: LogFormat) -> None:
    """Send every log line of this process, ours and libraries', through one pipeline to stderr."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _name_service(service),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def _name_service(service: str) -> structlog.types.Processor:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
        event["service"] = service
        return event

    return add
