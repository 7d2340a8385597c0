"""Questions to the router's read API, with the token of whoever asks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import typer

from herald.cli.environment import EXIT_USAGE, fail, router_url
from herald.cli.web import ask

OK, NOT_FOUND = 200, 404
TOKEN, TOKEN_FILE = "HERALD_READ_TOKEN", "HERALD_READ_TOKEN_FILE"

# by status: what to do about a refusal, beside what the router says
_REMEDIES = {
    400: "",
    401: f"set {TOKEN}, or {TOKEN_FILE} to a file that holds one",
    403: "",
    421: "add the host of HERALD_ROUTER_URL to [read_api] hosts",
}


def read(path: str, parameters: dict[str, str] | None = None) -> dict[str, Any] | None:
    """Return what the router answers to a question; None: there is no such thing (404).

    Whatever else it answers ends the command, with a line on stderr that says what to do.
    """
    status, document = ask(f"{router_url()}{path}", parameters, token=_token())
    if status == OK and isinstance(document, dict):
        return document
    if status == NOT_FOUND:
        return None
    raise _refusal(status, document.get("error", "") if isinstance(document, dict) else "")


def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return what the router answers to a question that is too private for a URL.

    Whatever else it answers ends the command, with a line on stderr that says what to do.
    """
    status, document = ask(f"{router_url()}{path}", body=body, token=_token())
    if status == OK and isinstance(document, dict):
        return document
    raise _refusal(status, document.get("error", "") if isinstance(document, dict) else "")


def _token() -> str | None:
    """Return the token of HERALD_READ_TOKEN, or of the file that HERALD_READ_TOKEN_FILE names."""
    if token := os.environ.get(TOKEN):
        return _checked(token, TOKEN)
    name = os.environ.get(TOKEN_FILE)
    if not name:
        return None
    try:
        return _checked(Path(name).read_text(), f"{TOKEN_FILE}: {name}")
    except OSError as error:
        raise fail(f"{TOKEN_FILE}: {error.strerror}: {name}", EXIT_USAGE) from None
    except ValueError:
        raise fail(f"{TOKEN_FILE}: no text: {name}", EXIT_USAGE) from None


def _checked(text: str, where: str) -> str:
    """Return a token that a header can hold; what it is instead is not shown."""
    token = text.strip()
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise fail(f"{where}: this is no token", EXIT_USAGE)
    return token


def _refusal(status: int, error: str) -> typer.Exit:
    """Say why there is no answer, and what to do."""
    url = router_url()
    if status == 0:
        return fail(f"no router answers at {url}; set HERALD_ROUTER_URL to where it listens")
    how = _REMEDIES.get(status)
    if how is None:
        return fail(f"the router at {url} answers {status}: {error or 'is its database up?'}")
    return fail(f"the router at {url} refuses: {'; '.join(filter(None, (error, how)))}", EXIT_USAGE)
