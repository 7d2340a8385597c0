"""Readers of the routers' read API: their tokens, and how they ask."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.types import Message

from herald.config.loading import Configuration
from herald.config.read_api import ReadApiRules
from herald.contracts.read_tokens import EVERY_TENANT, TOKEN_PREFIX, entry_for
from secret_files import write_secrets

OPERATOR = "operator"
# by the name of a reader: whose messages it reads
READERS = {"default": ["default"], "other": ["other"], OPERATOR: [EVERY_TENANT]}
# by the name of a reader
TOKENS = {name: f"{TOKEN_PREFIX}of-{name}" for name in READERS}


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What the read API answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


def with_readers(configuration: Configuration, folder: Path) -> Configuration:
    """Return a configuration whose tokens file, written into `folder`, knows `READERS`."""
    file = folder / "tokens.toml"
    entries = (entry_for(name, TOKENS[name], tenants) for name, tenants in READERS.items())
    write_secrets(file, "\n".join(entries))
    rules = ReadApiRules(tokens_file=str(file.absolute()), hosts=("herald.test",))
    changed = configuration.file.model_copy(update={"read_api": rules})
    return Configuration(configuration.path, changed)


async def ask(
    application: Starlette,
    path: str,
    parameters: dict[str, str] | None = None,
    *,
    reader: str | None = OPERATOR,
    body: Any = None,
    headers: tuple[tuple[str, str], ...] = (("host", "127.0.0.1:8002"),),
) -> ApiResponse:
    """Ask a router in this process, with the token of a reader (None: without one).

    With a `body`, bytes or what becomes JSON, it is a POST.
    """
    if reader is not None:
        headers = (*headers, ("authorization", f"Bearer {TOKENS[reader]}"))
    scope = {
        "type": "http",
        "method": "GET" if body is None else "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(parameters or {}).encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await application(scope, receive, send)
    start, *rest = sent
    given = {name.decode(): value.decode() for name, value in start["headers"]}
    return ApiResponse(
        start["status"], given, b"".join(message.get("body", b"") for message in rest)
    )
