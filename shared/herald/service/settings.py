"""Infrastructure settings, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from herald.service.server_variables import (
    BROKER,
    DATABASE,
    ServerVariableError,
    read_server_url,
)
from herald.tracing.settings import TracingSettings, read_tracing

_T = TypeVar("_T")

LogFormat = Literal["json", "console"]
_LOG_FORMATS: dict[str, LogFormat] = {"json": "json", "console": "console"}
_LOOPBACK = "127.0.0.1"
_HIGHEST_PORT = 65_535


class Address(NamedTuple):
    """Where a listener accepts connections."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where a service finds its broker, database and configuration, and where it listens."""

    amqp_url: str  # HERALD_AMQP_URL, with the password of HERALD_AMQP_PASSWORD_FILE
    postgres_dsn: str  # HERALD_POSTGRES_DSN, likewise; empty for a service without a database
    config_path: Path  # HERALD_CONFIG
    operations: Address  # HERALD_OPERATIONS_HOST and _PORT: health, metrics, read API
    log_format: LogFormat  # HERALD_LOG_FORMAT: json or console
    public: Address | None = None  # HERALD_HTTP_HOST and _PORT: what providers call
    spool_directory: Path | None = None  # HERALD_SPOOL_DIR: where ingress keeps what can't wait
    tracing: TracingSettings | None = None  # OpenTelemetry's own variables; None: off


class SettingsError(Exception):
    """The environment lacks something; `problems` holds one line for each variable at fault."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def read_settings(
    *,
    operations_port: int,
    public_port: int | None = None,
    database: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Read a service's settings; the ports are those of its listeners unless the environment says.

    `public_port` is None for a service that has no public listener.

    Raises:
        SettingsError: naming every variable that is missing or wrong.
    """
    source = os.environ if environment is None else environment
    problems: list[str] = []

    def read(name: str, convert: Callable[[str], _T], default: str | None = None) -> _T | None:
        value = source.get(name, default)
        if value is None:
            problems.append(f"{name}: not set")
            return None
        try:
            return convert(value)
        except ValueError as error:
            problems.append(f"{name}: {error}")
            return None

    def address(prefix: str, port: int) -> Address:
        host = read(f"{prefix}_HOST", str, _LOOPBACK)
        return Address(host or _LOOPBACK, read(f"{prefix}_PORT", _port, str(port)) or port)

    values = {
        "amqp_url": _server(BROKER, source, problems),
        "postgres_dsn": _server(DATABASE, source, problems) if database else "",
        "config_path": read("HERALD_CONFIG", Path, "herald.toml"),
        "operations": address("HERALD_OPERATIONS", operations_port),
        "public": address("HERALD_HTTP", public_port) if public_port is not None else None,
        "log_format": read("HERALD_LOG_FORMAT", _log_format, "json"),
        "spool_directory": Path(spool) if (spool := source.get("HERALD_SPOOL_DIR")) else None,
        "tracing": read_tracing(source, problems),
    }
    problems += _misplaced(source) if public_port is None else _doubled(values)
    if problems:
        raise SettingsError(problems)
    return Settings(**values)  # type: ignore[arg-type]  # none is None: that was a problem


def _server(name: str, source: Mapping[str, str], problems: list[str]) -> str | None:
    """Return a server's URL, or None and one more problem."""
    try:
        return read_server_url(name, source)
    except ServerVariableError as error:
        problems.append(str(error))
        return None


def _misplaced(source: Mapping[str, str]) -> list[str]:
    """Say which variables a service without a public listener would ignore, unlike earlier ones."""
    return [
        f"HERALD_HTTP_{part}: this service has no public listener; set HERALD_OPERATIONS_{part}"
        for part in ("HOST", "PORT")
        if f"HERALD_HTTP_{part}" in source and f"HERALD_OPERATIONS_{part}" not in source
    ]


def _doubled(values: Mapping[str, object]) -> list[str]:
    """Say that two listeners would have one address."""
    if values["public"] != values["operations"]:
        return []
    return ["HERALD_OPERATIONS_PORT: the public listener is there (HERALD_HTTP_PORT)"]


def _port(value: str) -> int:
    if not value.isdigit() or not 0 < int(value) <= _HIGHEST_PORT:
        raise ValueError("must be a port between 1 and 65535")
    return int(value)


def log_format(value: str) -> LogFormat | None:
    """Read HERALD_LOG_FORMAT; None: it names no format."""
    return _LOG_FORMATS.get(value)


def _log_format(value: str) -> LogFormat:
    found = log_format(value)
    if found is None:
        raise ValueError("must be json or console")
    return found
