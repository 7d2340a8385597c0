"""How a service starts: its logs, its settings, and one line that says why it can't go on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NoReturn

import structlog

from herald.service.logs import configure_logs
from herald.service.settings import Settings, SettingsError, log_format, read_settings
from herald.tracing.starting import start_tracing

UNUSABLE = 2  # settings, configuration or secrets: trying again as it is helps nothing


def settings_or_exit(
    service: str, *, operations_port: int, public_port: int | None = None, database: bool = True
) -> Settings:
    """Read a service's settings; its logs and its tracing begin as they say.

    What is wrong with them ends the process.
    """
    configure_logs(service, log_format(os.environ.get("HERALD_LOG_FORMAT", "")) or "json")
    try:
        settings = read_settings(
            operations_port=operations_port, public_port=public_port, database=database
        )
    except SettingsError as error:
        exit_not_started(error.problems)
    start_tracing(f"herald-{service}", settings.tracing)
    return settings


def exit_not_started(problems: Sequence[str], code: int = UNUSABLE) -> NoReturn:
    """Say every problem in the last log line of the process, and exit."""
    structlog.get_logger(__name__).error("service.not_started", problems=list(problems))
    raise SystemExit(code)
