"""What the command line takes from the environment, and how it says that something is wrong."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import structlog
import typer

from herald.client import ClientError, NoAnswerError, RejectedError
from herald.client.errors import in_words_of
from herald.config.broker_identity import broker_file_problems
from herald.config.loading import (
    Configuration,
    ConfigurationError,
    load_configuration,
)
from herald.contracts.text import is_storable
from herald.contracts.trace_context import TRACEPARENT, TRACESTATE
from herald.service.server_urls import HTTP, check_url
from herald.service.server_variables import (
    BROKER,
    DATABASE,
    MANAGEMENT,
    ServerVariableError,
    read_server_url,
)

# Exit codes.
EXIT_FAILED = 1  # it could not be done (say, a server is away), or it did not end well
EXIT_USAGE = 2  # wrong input, or a command the router refused
EXIT_TIMEOUT = 3  # it did not happen in time; it still may
EXIT_UNSEEN = 3  # of a check: it found nothing wrong, and could not see everything
EXIT_INTERRUPTED = 130  # Ctrl-C

DEFAULT_ROUTER_URL = "http://127.0.0.1:8002"

_T = TypeVar("_T")
_Given = TypeVar("_Given", str, str | None, list[str] | None)


def utf8(value: _Given) -> _Given:
    """Take an argument, or the option's value, that is text; end with 2 naming another."""
    for text in [value] if isinstance(value, str) else value or ():
        if not is_storable(text):  # Python puts lone surrogates for bytes that are not UTF-8
            raise typer.BadParameter("is not UTF-8")
    return value


TenantOption = Annotated[
    str,
    typer.Option("--tenant", envvar="HERALD_TENANT", callback=utf8, help="The tenant."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")]


def fail(message: str, code: int = EXIT_FAILED) -> typer.Exit:
    """Say what is wrong on stderr; raise what is returned."""
    typer.echo(message, err=True)
    return typer.Exit(code)


def required(name: str) -> str:
    """Return an environment variable, or end with 2 naming it."""
    value = os.environ.get(name)
    if not value:
        raise fail(f"{name} is not set", EXIT_USAGE)
    return value


def amqp_url() -> str:
    """Return the broker's URL, or end with 2 saying what is wrong with it."""
    url = _server_url(BROKER)
    problems = broker_file_problems(url, allow_open=True)
    if problems:
        raise fail("\n".join(f"{BROKER}: {line}" for line in problems), EXIT_USAGE)
    return url


def trace_of_environment() -> dict[str, str]:
    """Return the headers of the span that this command is part of, if its caller names one."""
    names = (TRACEPARENT, TRACESTATE)
    return {name: value for name in names if (value := os.environ.get(name.upper()))}


def postgres_dsn() -> str:
    """Return the database's URL, or end with 2 saying what is wrong with it."""
    return _server_url(DATABASE)


def management_url() -> str | None:
    """Return the URL of RabbitMQ's management, or end with 2; None: it is not set."""
    return _server_url(MANAGEMENT) if os.environ.get(MANAGEMENT) else None


def _server_url(name: str) -> str:
    required(name)
    try:
        return read_server_url(name, os.environ)
    except ServerVariableError as error:
        raise fail(str(error), EXIT_USAGE) from None


def checked(name: str, url: str, schemes: tuple[str, ...]) -> str:
    """Return a variable's URL, or end with 2 saying what is wrong with it."""
    try:
        return check_url(url, schemes)
    except ValueError as error:
        raise fail(f"{name}: {error}", EXIT_USAGE) from None


def router_url() -> str:
    """Return the base URL of the router's read API."""
    url = os.environ.get("HERALD_ROUTER_URL", DEFAULT_ROUTER_URL)
    return checked("HERALD_ROUTER_URL", url, HTTP).rstrip("/")


def configuration() -> Configuration:
    """Read `herald.toml`, or end with 2 naming every error in it."""
    try:
        return load_configuration(Path(os.environ.get("HERALD_CONFIG", "herald.toml")))
    except ConfigurationError as error:
        raise fail(str(error), EXIT_USAGE) from None


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a command's work; what goes wrong is one line on stderr and an exit code."""
    _keep_libraries_quiet()
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except ClientError as error:
        _explain(error)


def _explain(error: ClientError) -> NoReturn:
    if isinstance(error, RejectedError):
        lines = [f"rejected: {in_words_of(each)}" for each in error.errors]
        raise fail("\n".join(lines), EXIT_USAGE) from None
    if isinstance(error, NoAnswerError):
        raise fail(str(error), EXIT_TIMEOUT) from None
    raise fail(str(error)) from None


def _keep_libraries_quiet() -> None:
    """Silence what libraries log: it is said once, in our words."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
