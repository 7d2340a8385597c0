"""Why the broker could not be used, in words that say what to do and hold no password."""

from __future__ import annotations

import re

from aiormq.exceptions import (
    AMQPConnectionError,
    AuthenticationError,
    ChannelAccessRefused,
    ChannelNotFoundEntity,
    ConnectionNotAllowed,
    InvalidFrameError,
    ProbableAuthenticationError,
)

from herald.service.server_urls import place_of
from herald.service.tls import tls_problem

_MISSING_QUEUE = re.compile(r"no queue '([^']+)'")  # in RabbitMQ's reason


def broker_problem(error: Exception, url: str) -> str:
    """Explain why RabbitMQ at `url` can't be used, by what a library raised."""
    where = f"RabbitMQ at {place_of(url)}"
    if isinstance(error, (AMQPConnectionError, OSError)):
        of_tls = tls_problem(error, wants_tls=url.startswith("amqps://"))
        if of_tls is not None:
            return f"{where}: {of_tls}"
    match error:
        case AuthenticationError() | ProbableAuthenticationError():
            return f"{where} refuses the user or its password"
        case ConnectionNotAllowed() | InvalidFrameError():  # aiormq awaits OpenOk, and gets Close
            return f"{where} has no such virtual host, or the user may not enter it"
        case ChannelNotFoundEntity():
            return f"{where} says {words_of(error)}: has `herald topology apply` been run?"
        case ChannelAccessRefused():
            return f"{where} says {words_of(error)}"
        case _:
            return f"{where} can't be reached ({type(error).__name__}): is it running?"


def queue_problem(error: Exception) -> str:
    """Explain why a queue can't be consumed; the caller names the queue."""
    match error:
        case ChannelNotFoundEntity():
            return "there is no such queue: run `herald topology apply`"
        case ChannelAccessRefused():
            return f"the broker's user may not: {words_of(error)}"
        case _:
            return type(error).__name__


def missing_queue(error: Exception) -> str | None:
    """Return the name of the queue that an error says is missing."""
    found = _MISSING_QUEUE.search(words_of(error))
    return found[1] if found else None


def words_of(error: Exception) -> str:
    """Return RabbitMQ's own reason."""
    return str(error.args[-1]) if error.args else type(error).__name__
